import { beforeAll, describe, expect, it } from 'vitest'
import { badRefusals, unrecorded, verified, wrongVersions } from '../support/faults/evidence.ts'
import { type Act, expected, FAULTS, STATES } from '../support/faults/expected.ts'
import { type Linked, prepareMatrix } from '../support/faults/matrix.ts'
import type { Row } from '../support/faults/row.ts'
import { runRow, warmProcess } from '../support/faults/run-row.ts'
import { rig } from '../support/rig.ts'
import { shareOf } from '../support/share-of.ts'

const local = rig()
const DEPENDENCIES: readonly Linked[] = ['storage', 'main vault', 'gateway vault', 'issuer']
const ROWS = DEPENDENCIES.flatMap((dependency, turn) =>
  shareOf(FAULTS, turn, 4).map((fault) => ({ dependency, fault, name: `${dependency} ${fault}` })),
)
/** Rows wait most of the time. */
const ROWS_AT_ONCE = 6

const results = new Map<string, Row>()
const answers = () => [...results.values()].flatMap(({ all }) => all)

beforeAll(async () => {
  const tokens = await prepareMatrix(local, ROWS)
  await warmProcess({ local, tokens })
  // Those that wait longest go first.
  const left = ROWS.toSorted((a, b) => Number(b.fault === 'frozen') - Number(a.fault === 'frozen'))
  const work = async () => {
    for (let row = left.shift(); row; row = left.shift()) results.set(row.name, await runRow({ local, tokens, ...row }))
  }
  await Promise.all(Array.from({ length: ROWS_AT_ONCE }, work))
}, 240_000)

describe.each(ROWS)('$name', ({ dependency, fault, name }) => {
  const cells = STATES.flatMap((state) =>
    Object.entries(expected(dependency, fault, state)).map(([act, outcome]) => ({ state, act: act as Act, outcome })),
  )

  it.each(cells)('$outcome: $act, $state', ({ state, act, outcome }) => {
    expect(results.get(name)?.outcomes[state]?.[act]).toBe(outcome)
  })

  it('works again by itself when the fault has ended (S9)', () => {
    expect(results.get(name)?.failing).toEqual([])
  })
})

describe('after all of it', () => {
  it('every refusal said when to come back, and none held a value', () => {
    expect(badRefusals(answers())).toEqual([])
  })

  it('nothing was handed out without a durable intent (T27)', async () => {
    expect(await unrecorded(local, answers())).toEqual([])
  })

  it('every write that was refused wrote nothing, and every other one once', async () => {
    expect(await wrongVersions(local, answers())).toEqual({})
  })

  it('no redirect was followed (T40)', () => {
    expect([...results].filter(([, { trapped }]) => trapped > 0)).toEqual([])
  })

  it('the journal verifies (S7)', async () => {
    expect(await verified(local)).toMatchObject({ ok: true, wrong: [] })
  })
})
