import { beforeAll, describe, expect, it } from 'vitest'
import { badRefusals, unrecorded, verified, wrongVersions } from '../support/faults/evidence.ts'
import { type Act, expected, STATES } from '../support/faults/expected.ts'
import type { Fault } from '../support/faults/faulty-link.ts'
import { prepareMatrix } from '../support/faults/matrix.ts'
import type { Row } from '../support/faults/row.ts'
import { runIdentityRows } from '../support/faults/run-identity-rows.ts'
import { rig } from '../support/rig.ts'
import { shareOf } from '../support/share-of.ts'

const local = rig()
/** It speaks plain http on the loopback. Each costs a start that waits for its deadline, so not all kinds are here; the
 * first and the last in an ordinary run. */
const FAULTS: readonly Fault[] = shareOf(['lost', 'refused', 'throttled 429', 'reset', 'garbage', 'redirect'], 0, 5)

let rows: Map<Fault, Row>
const answers = () => [...rows.values()].flatMap(({ all }) => all)

beforeAll(async () => {
  const tokens = await prepareMatrix(
    local,
    FAULTS.map((fault) => ({ dependency: 'identity endpoint', fault })),
  )
  rows = await runIdentityRows({ local, tokens }, FAULTS)
}, 240_000)

describe.each(FAULTS)('identity endpoint %s', (fault) => {
  const cells = STATES.flatMap((state) =>
    Object.entries(expected('identity endpoint', fault, state)).map(([act, outcome]) => ({
      ...{ state, outcome },
      act: act as Act,
    })),
  )

  it.each(cells)('$outcome: $act, $state', ({ state, act, outcome }) => {
    expect(rows.get(fault)?.outcomes[state]?.[act]).toBe(outcome)
  })

  it('works again by itself when the fault has ended (S9)', () => {
    expect(rows.get(fault)?.failing).toEqual([])
  })

  it('no redirect was followed: the header is a credential (T40)', () => {
    expect(rows.get(fault)?.trapped).toBe(0)
  })
})

describe('after all of it', () => {
  it('every refusal said when to come back, and none held a value', () => {
    expect(badRefusals(answers())).toEqual([])
  })

  it('nothing was handed out without a durable intent (T27), and the journal verifies (S7)', async () => {
    expect(await unrecorded(local, answers())).toEqual([])
    expect(await verified(local)).toMatchObject({ ok: true, wrong: [] })
  })

  it('every write that was refused wrote nothing, and every other one once', async () => {
    expect(await wrongVersions(local, answers())).toEqual({})
  })
})
