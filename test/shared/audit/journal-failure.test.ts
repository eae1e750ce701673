import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { verifyJournal } from '../../../shared/audit/verify.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { blocksOf, DEADLINE_MS, intent, journalOver, MASTER, NOW, result } from './fixtures.ts'
import { memoryTable } from './memory-table.ts'

beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

const turn = () => vi.advanceTimersByTimeAsync(0)

/** Timers count whole milliseconds: three attempts may end this much after the deadline. */
const ROUNDING_MS = 4
const pastDeadline = () => vi.advanceTimersByTimeAsync(DEADLINE_MS + ROUNDING_MS)

/** What became of a promise, without waiting for it. */
function watch<T>(promise: Promise<T>) {
  const seen: { outcome?: 'ok' | string; at?: number } = {}
  const start = performance.now()
  promise.then(
    () => Object.assign(seen, { outcome: 'ok', at: performance.now() - start }),
    (error: GatewayError) =>
      Object.assign(seen, { outcome: `${error.code}: ${error.reason}`, at: performance.now() - start }),
  )
  return seen
}

async function opened(overrides = {}) {
  const memory = memoryTable()
  const over = journalOver(memory, overrides)
  const first = over.journal.record(intent('first'))
  await turn()
  await first
  return { memory, ...over }
}

const verify = (memory: ReturnType<typeof memoryTable>) =>
  verifyJournal({ blocks: () => memory.table.list({}), master: MASTER, now: Date.now() })

const openings = (memory: ReturnType<typeof memoryTable>) =>
  blocksOf(memory).flatMap(({ wid, block, entries }) =>
    entries.flatMap((entry) =>
      entry.kind === 'system' && entry.event === 'writer.open' ? [{ wid, block, ...entry.detail }] : [],
    ),
  )

describe('T27: an entry that cannot be made durable', () => {
  test('503 journal_unavailable within the deadline when storage hangs, for those in flight and those queued', async () => {
    const { memory, journal, reports } = await opened()
    memory.hold(true)
    const flying = watch(journal.record(intent('flying')))
    await vi.advanceTimersByTimeAsync(500)
    const queued = watch(journal.record(intent('queued')))
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 501)
    expect([flying, queued]).toEqual([{}, {}])
    await vi.advanceTimersByTimeAsync(1 + ROUNDING_MS)
    expect([flying.outcome, queued.outcome]).toEqual(Array(2).fill('journal_unavailable: timeout'))
    expect(flying.at).toBeLessThan(DEADLINE_MS + ROUNDING_MS)
    expect(reports).toEqual([
      { event: 'journal.lane_closed', detail: { reason: 'timeout', wid: expect.any(String), block: 1 } },
    ])
    expect(journal.status()).toMatchObject({ state: 'failing', fault: 'timeout', waiting: 0 })
  })

  test('503 journal_unavailable within the deadline of a request that waited behind a slow insert', async () => {
    const { memory, journal } = await opened()
    memory.hold(true)
    const slow = watch(journal.record(intent('slow')))
    await vi.advanceTimersByTimeAsync(100)
    const behind = watch(journal.record(intent('behind')))
    await vi.advanceTimersByTimeAsync(1_850)
    for (const { answer } of memory.held) answer()
    await turn()
    expect([slow.outcome, behind.outcome]).toEqual(['ok', undefined])
    await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1_850 + ROUNDING_MS)
    expect(behind.outcome).toBe('journal_unavailable: timeout')
  })

  test('an answer after the deadline changes nothing for the caller; the writer is resumed, its block told as late', async () => {
    const { memory, journal } = await opened()
    memory.hold(true)
    const refused = watch(journal.record(intent('refused')))
    journal.follow(result('first'))
    await pastDeadline()
    expect(refused.outcome).toBe('journal_unavailable: timeout')
    const wid = openings(memory)[0]?.wid
    for (const { row, answer } of memory.held) if (row.partitionKey.endsWith(String(wid))) answer()
    memory.hold(false)
    const after = journal.record(intent('after'))
    for (const { row, fail } of memory.held) if (!row.partitionKey.endsWith(String(wid))) fail()
    await vi.advanceTimersByTimeAsync(500)
    expect((await after).wid).not.toBe(wid)
    await vi.advanceTimersByTimeAsync(61_000)
    const report = await verify(memory)
    expect(report).toMatchObject({
      ok: true,
      writers: 2,
      late: [{ writer: wid, block: 2, intents: 1 }],
      repeatedResults: 1,
    })
    expect(report.unknown.map(({ txn }) => txn)).toEqual(['after'])
  })

  test('after a failure a new writer resumes the last acknowledged block, and results move on to it', async () => {
    const { memory, journal } = await opened()
    const lastMac = memory.sorted()[1]?.['mac']
    memory.fail('unreachable')
    const refused = watch(journal.record(intent('refused')))
    journal.follow(result('first'))
    await vi.advanceTimersByTimeAsync(10 * DEADLINE_MS)
    expect(refused.outcome).toBe('journal_unavailable: unreachable')
    memory.fail(undefined)
    await vi.advanceTimersByTimeAsync(1_000)
    const again = journal.record(intent('again'))
    await turn()
    await again
    const [old, young] = openings(memory)
    expect([old, young].map((one) => one?.block)).toEqual([0, 0])
    const sorted = [old, young].sort((one) => ('resumes' in (one ?? {}) ? 1 : -1))
    expect(sorted[1]).toMatchObject({ resumes: { wid: sorted[0]?.wid, block: 1, mac: lastMac } })
    const all = blocksOf(memory).flatMap(({ entries }) =>
      entries.flatMap((entry) => ('txn' in entry ? [`${entry.kind} ${entry.txn}`] : [])),
    )
    expect(all.sort()).toEqual(['intent again', 'intent first', 'result first'])
    expect(await verify(memory)).toMatchObject({ ok: true, late: [], writers: 2 })
    expect(journal.status()).toMatchObject({ state: 'open', lost: 0 })
  })

  test('comes back without traffic, and an outage leaves one new writer, however long it was', async () => {
    const { memory, journal, reports } = await opened()
    memory.fail('throttled')
    for (let n = 0; n < 50; n++) {
      const refused = watch(journal.record(intent(`n${n}`)))
      await vi.advanceTimersByTimeAsync(DEADLINE_MS)
      expect(refused.outcome).toBe('journal_unavailable: throttled')
    }
    memory.fail(undefined)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(journal.status()).toMatchObject({ state: 'open', waiting: 0 })
    expect(openings(memory)).toHaveLength(2)
    expect(await verify(memory)).toMatchObject({ ok: true, kinds: { system: 2, intent: 1 } })
    expect(reports.map(({ event }) => event)).toEqual(['journal.lane_closed', 'journal.recovered'])
  })

  test('inserts that arrive without an answer leave one new writer too', async () => {
    const { memory, journal } = await opened()
    memory.hold(true)
    const refused = watch(journal.record(intent('refused')))
    await vi.advanceTimersByTimeAsync(10 * DEADLINE_MS)
    expect(refused.outcome).toBe('journal_unavailable: timeout')
    memory.hold(false)
    for (const { answer } of memory.held) answer()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(journal.status().state).toBe('open')
    expect(openings(memory)).toHaveLength(2)
    expect(await verify(memory)).toMatchObject({ ok: true, writers: 2, late: [{ block: 2, intents: 1 }] })
  })

  test('retries under the same key, and a lost acknowledgement is success (409 with the same MAC)', async () => {
    const { memory, journal } = await opened()
    memory.hold(true)
    const record = watch(journal.record(intent('lost-answer')))
    await turn()
    const [held] = memory.held
    held?.commit()
    memory.hold(false)
    held?.fail('timeout')
    await vi.advanceTimersByTimeAsync(100)
    expect(record.outcome).toBe('ok')
    expect(blocksOf(memory)).toHaveLength(3)
    expect(journal.status()).toMatchObject({ state: 'open', entries: 3, blocks: 3 })
    expect(await verify(memory)).toMatchObject({ ok: true })
  })

  test('a 409 with another MAC closes the writer: somebody else writes under its name', async () => {
    const { memory, journal, reports } = await opened()
    const [row] = memory.sorted().slice(-1)
    if (!row) throw new Error('no block')
    await memory.table.insert({ ...row, rowKey: '000000000002' })
    const record = watch(journal.record(intent('mine')))
    await vi.advanceTimersByTimeAsync(100)
    expect(record.outcome).toBe('journal_unavailable: key_taken')
    expect(reports[0]).toMatchObject({ event: 'journal.lane_closed', detail: { reason: 'key_taken' } })
    expect((await verify(memory)).wrong).toContainEqual(expect.objectContaining({ code: 'entry_repeated' }))
  })

  test('503 journal_unavailable while the master cannot be had, then recovers by itself', async () => {
    const memory = memoryTable()
    let master = async () => Promise.reject<typeof MASTER>(new GatewayError('keys_unavailable', 'keys_not_ready'))
    const { journal } = journalOver(memory, { master: () => master() })
    const refused = watch(journal.record(intent('early')))
    await vi.advanceTimersByTimeAsync(DEADLINE_MS)
    expect(refused).toEqual({ outcome: 'journal_unavailable: keys_not_ready', at: DEADLINE_MS })
    expect(memory.inserts()).toBe(0)
    master = async () => MASTER
    const later = watch(journal.record(intent('later')))
    await vi.advanceTimersByTimeAsync(600)
    expect(later.outcome).toBe('ok')
    expect(await verify(memory)).toMatchObject({ ok: true, kinds: { intent: 1 } })
  })

  test('a master that never comes does not hang the journal', async () => {
    const memory = memoryTable()
    let master = () => new Promise<typeof MASTER>(() => {})
    const { journal } = journalOver(memory, { master: () => master() })
    const refused = watch(journal.record(intent('early')))
    await vi.advanceTimersByTimeAsync(DEADLINE_MS)
    expect(refused.outcome).toMatch(/^journal_unavailable/)
    master = async () => MASTER
    const later = watch(journal.record(intent('later')))
    await vi.advanceTimersByTimeAsync(1_900)
    expect(later.outcome).toBe('ok')
  })

  test('503 journal_unavailable at once above the bound of the queue; results are dropped, counted and reported', async () => {
    const { memory, journal, reports } = await opened()
    memory.hold(true)
    const context = { reason: 'r'.repeat(20_000) }
    const records = Array.from({ length: 900 }, (_, n) => watch(journal.record(intent(`t${n}`, { context }))))
    await turn()
    const full = records.filter(({ outcome }) => outcome === 'journal_unavailable: queue_full')
    expect(full.length).toBeGreaterThan(50)
    expect(full.length).toBeLessThan(200)
    for (let n = 0; n < 500; n++) journal.follow(result(`t${n}`, { reason: 'r'.repeat(20_000) }))
    expect(journal.status().lost).toBeGreaterThan(50)
    expect(reports).toEqual([{ event: 'journal.followers_lost', detail: { reason: 'queue_full', lost: 1 } }])
    await vi.advanceTimersByTimeAsync(DEADLINE_MS)
    memory.hold(false)
    for (const { fail } of memory.held) fail()
    await vi.advanceTimersByTimeAsync(3_000)
    const next = watch(journal.record(intent('next', { context })))
    const { lost } = journal.status()
    journal.follow(result('next', { reason: 'r'.repeat(20_000) }))
    await vi.advanceTimersByTimeAsync(100)
    expect(next.outcome).toBe('ok')
    expect(journal.status()).toMatchObject({ waiting: 0, lost })
  })

  test('close ends within the deadline when storage hangs, and leaves no timer', async () => {
    const { memory, journal, reports } = await opened()
    memory.hold(true)
    const record = watch(journal.record(intent('x')))
    const closing = watch(journal.close())
    await pastDeadline()
    expect([record.outcome, closing.outcome]).toEqual(['journal_unavailable: timeout', 'ok'])
    expect(reports.map(({ event }) => event)).toContain('journal.close_failed')
    await vi.advanceTimersByTimeAsync(3 * DEADLINE_MS)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('an opening that succeeds after close starts nothing', async () => {
    const memory = memoryTable()
    memory.hold(true)
    const { journal } = journalOver(memory)
    const refused = watch(journal.record(intent('x')))
    await vi.advanceTimersByTimeAsync(DEADLINE_MS / 2)
    const closing = watch(journal.close())
    await pastDeadline()
    expect([refused.outcome, closing.outcome]).toEqual(['journal_unavailable: timeout', 'ok'])
    memory.hold(false)
    for (const { answer } of memory.held) answer()
    await vi.advanceTimersByTimeAsync(3 * DEADLINE_MS)
    expect([blocksOf(memory).length, vi.getTimerCount(), journal.status().state]).toEqual([1, 0, 'closed'])
  })

  test('close with a full queue refuses everybody, and does not throw', async () => {
    const { memory, journal } = await opened()
    memory.hold(true)
    const context = { reason: 'r'.repeat(20_000) }
    const records = Array.from({ length: 900 }, (_, n) => watch(journal.record(intent(`t${n}`, { context }))))
    await turn()
    const closing = watch(journal.close())
    await pastDeadline()
    expect(closing.outcome).toBe('ok')
    expect(records.filter(({ outcome }) => outcome === undefined || outcome === 'ok')).toEqual([])
    await vi.advanceTimersByTimeAsync(3 * DEADLINE_MS)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('close before the first lane is open gives up within the deadline and leaves no timer', async () => {
    const memory = memoryTable()
    memory.fail('unreachable')
    const { journal } = journalOver(memory)
    journal.follow(result('x'))
    const closing = watch(journal.close())
    await vi.advanceTimersByTimeAsync(DEADLINE_MS)
    expect(closing.outcome).toBe('ok')
    memory.fail(undefined)
    await vi.advanceTimersByTimeAsync(3 * DEADLINE_MS)
    expect(vi.getTimerCount()).toBe(0)
  })
})
