import { describe, expect, it } from 'vitest'
import { createReplayJobs } from '../../../../shared/audit/replay/jobs.ts'
import { GatewayError } from '../../../../shared/errors.ts'
import { createMemoryTable } from '../../../support/memory-table.ts'
import { snapshotOf } from '../../../support/policy/snapshot-of.ts'
import { until } from '../../../support/running.ts'
import { denial, intent, NOW } from '../fixtures.ts'
import { written } from '../written.ts'

const SECOND = 1_000
const DAY = 24 * 3_600 * SECOND
const snapshot = snapshotOf([])
const id = (at: number) => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`

/** Two instances on one storage; `block` holds the first one's reading of the journal. */
function twoInstances() {
  let now = NOW
  let release: () => void = () => {}
  const held = new Promise<void>((done) => {
    release = done
  })
  const at = new Date(NOW - 60 * SECOND).toISOString()
  const entries = [
    { ...intent('a'), time: at },
    { ...denial('b'), time: at },
  ]
  const rows = createMemoryTable(written({ blocks: [entries], at: NOW - 60 * SECOND }).rows as never)
  const audit = {
    ...rows,
    async *list(query: Parameters<typeof rows.list>[0]) {
      await held
      yield* rows.list(query)
    },
  }
  const jobs = createMemoryTable()
  const make = (table: typeof audit | typeof rows) =>
    createReplayJobs({ audit: table, jobs, now: () => now, report: () => {} })
  const [slow, quick] = [make(audit), make(rows)]
  const wish = (number: number) => ({ id: id(number), by: 'entra:t:o', snapshot, span: { from: NOW - DAY, to: NOW } })
  return { slow, quick, jobs, wish, release, pass: (ms: number) => (now += ms) }
}

const codeOf = (act: Promise<unknown>) =>
  act.then(
    () => 'done',
    (error) => (error instanceof GatewayError ? error.code : error),
  )

describe('replays in the background', () => {
  it('are told by every instance, running and done', async () => {
    const { slow, quick, wish, release } = twoInstances()
    await slow.begin(wish(1))
    expect(await quick.read(id(1))).toMatchObject({ state: 'running', by: 'entra:t:o' })
    release()
    await until(async () => (await quick.read(id(1)))?.state === 'done')
    // Entries without a `sub` do not say who it was: nobody may guess.
    expect((await quick.read(id(1)))?.result).toMatchObject({ entries: 2, inexact: 2, complete: true })
    expect(await quick.read(id(2))).toBeUndefined()
  })

  it('rate_limited: four at a time on an instance; the same one again is the same', async () => {
    const { slow, wish, release } = twoInstances()
    await slow.begin(wish(1))
    expect(await codeOf(slow.begin(wish(1)))).toBe('done')
    for (const more of [2, 3, 4]) await slow.begin(wish(more))
    expect(await codeOf(slow.begin(wish(5)))).toBe('rate_limited')
    release()
    await slow.close()
  })

  it('fall silent and are told as interrupted; the same request takes them over, and the first one’s end counts no more', async () => {
    const { slow, quick, wish, release, pass } = twoInstances()
    await slow.begin(wish(1))
    pass(21 * SECOND)
    expect(await quick.read(id(1))).toMatchObject({ state: 'failed', reason: 'interrupted' })
    await quick.begin(wish(1))
    await until(async () => (await quick.read(id(1)))?.state === 'done')
    const told = await quick.read(id(1))
    release()
    await slow.close()
    expect(await quick.read(id(1))).toEqual(told)
  })

  it('are forgotten after a day, and a hundred are kept', async () => {
    const { quick, jobs, wish, pass } = twoInstances()
    await quick.begin(wish(0))
    await until(async () => (await quick.read(id(0)))?.state === 'done')
    const [row] = jobs.rows()
    for (let at = 1; at < 100; at++) await jobs.insert({ ...row, partitionKey: 'replay', rowKey: id(at) })
    expect(await codeOf(quick.begin(wish(100)))).toBe('rate_limited')
    pass(DAY + SECOND)
    expect(await codeOf(quick.begin(wish(100)))).toBe('done')
    expect(jobs.rows().map(({ rowKey }) => rowKey)).toEqual([id(100)])
    await quick.close()
  })
})
