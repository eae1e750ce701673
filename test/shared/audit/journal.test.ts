import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MAX_BLOCK_CHARACTERS } from '../../../shared/audit/block.ts'
import type { Entry } from '../../../shared/audit/entry.ts'
import { verifyJournal } from '../../../shared/audit/verify.ts'
import { blocksOf, denial, intent, journalOver, MASTER, NOW, result } from './fixtures.ts'
import { memoryTable } from './memory-table.ts'

beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

/** Lets everything happen that needs no time to pass. */
const turn = () => vi.advanceTimersByTimeAsync(0)

const kinds = (memory: ReturnType<typeof memoryTable>) =>
  blocksOf(memory).map(({ entries }) =>
    entries.map((entry) =>
      'txn' in entry ? `${entry.kind} ${entry.txn}` : entry.kind === 'system' ? entry.event : entry.kind,
    ),
  )

async function opened() {
  const memory = memoryTable()
  const over = journalOver(memory)
  const first = over.journal.record(intent('first'))
  await turn()
  await first
  return { memory, ...over }
}

describe('group commit (B5)', () => {
  test('writes nothing and fetches no master before the first entry', async () => {
    const memory = memoryTable()
    const master = vi.fn(async () => MASTER)
    const { journal } = journalOver(memory, { master })
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect([memory.inserts(), master.mock.calls.length]).toEqual([0, 0])
    expect(journal.status()).toMatchObject({ state: 'idle', inserts: 0 })
    await journal.close()
    expect(memory.inserts()).toBe(0)
  })

  test('opens with `writer.open` in a block of its own, closes with `writer.close`, and verifies', async () => {
    const { memory, journal } = await opened()
    const closing = journal.close()
    await turn()
    await closing
    expect(kinds(memory)).toEqual([['writer.open'], ['intent first'], ['writer.close']])
    const [open] = blocksOf(memory)[0]?.entries ?? []
    expect(open).toMatchObject({
      seq: 0,
      kind: 'system',
      detail: { build: '0.1.0', instance: 'test', keyId: expect.any(String) },
    })
    const report = await verifyJournal({ blocks: () => memory.table.list({}), master: MASTER, now: NOW })
    expect(report).toMatchObject({ ok: true, writers: 1, openWriters: 0, entries: 3 })
  })

  test('what is recorded while the master is being made (`keys.created`) is the first entry of the gateway', async () => {
    const memory = memoryTable()
    const created: Entry = { kind: 'system', time: new Date(NOW).toISOString(), event: 'keys.created', detail: {} }
    const master = async () => {
      journal.follow(created)
      return MASTER
    }
    const { journal } = journalOver(memory, { master })
    const first = journal.record(intent('first'))
    await turn()
    await first
    expect(kinds(memory)).toEqual([['writer.open'], ['keys.created', 'intent first']])
  })

  test('takes all that waited while an insert was in flight as one block, in the order of the calls', async () => {
    const { memory, journal } = await opened()
    memory.hold(true)
    const records = [journal.record(intent('a'))]
    await turn()
    for (const txn of ['b', 'c']) records.push(journal.record(intent(txn)))
    journal.follow(result('first'))
    records.push(journal.record(denial('d')))
    await turn()
    expect(memory.held).toHaveLength(1)
    memory.hold(false)
    memory.held[0]?.answer()
    await turn()
    const receipts = await Promise.all(records)
    expect(kinds(memory).slice(2)).toEqual([['intent a'], ['intent b', 'intent c', 'result first', 'denial d']])
    expect(receipts.map(({ seq }) => seq)).toEqual([2, 3, 4, 6])
  })

  test('gives concurrent requests of one turn one block', async () => {
    const { memory, journal } = await opened()
    const before = memory.inserts()
    const records = Array.from({ length: 100 }, (_, n) => journal.record(intent(`t${n}`)))
    await turn()
    await Promise.all(records)
    expect(memory.inserts() - before).toBe(1)
    expect(journal.status()).toMatchObject({ state: 'open', blocks: 3, inserts: 3, entries: 102, waiting: 0 })
  })

  test('lets a result ride with the next intent, and writes it alone soon when none comes', async () => {
    const { memory, journal } = await opened()
    journal.follow(result('first'))
    await turn()
    expect(memory.inserts()).toBe(2)
    const next = journal.record(intent('next'))
    await turn()
    await next
    journal.follow(result('next'))
    await vi.advanceTimersByTimeAsync(50)
    expect(kinds(memory).slice(2)).toEqual([['result first', 'intent next'], ['result next']])
  })

  test('splits what waited into blocks of at most 400,000 characters', async () => {
    const { memory, journal } = await opened()
    const reason = 'r'.repeat(20_000)
    const records = Array.from({ length: 45 }, (_, n) => journal.record(intent(`t${n}`, { context: { reason } })))
    await vi.advanceTimersByTimeAsync(5)
    await Promise.all(records)
    const sizes = memory
      .sorted()
      .map((row) => Object.values(row).reduce<number>((sum, value) => sum + String(value).length, 0))
    expect(sizes.length).toBe(5)
    for (const size of sizes) expect(size).toBeLessThan(MAX_BLOCK_CHARACTERS + 500)
    const report = await verifyJournal({ blocks: () => memory.table.list({}), master: MASTER, now: NOW })
    expect(report).toMatchObject({ ok: true, entries: 47 })
  })

  test('gives the receipt that names the stored entry', async () => {
    const { memory, journal } = await opened()
    const record = journal.record(intent('r'))
    await turn()
    const receipt = await record
    const row = memory.sorted().at(-1)
    expect(row?.partitionKey).toBe(`2026112518|${receipt.wid}`)
    expect(row?.['first']).toBe(receipt.seq)
    expect(String(row?.['mac'])).toMatch(new RegExp(`^${receipt.macPrefix}`))
    expect(receipt.macPrefix).toHaveLength(16)
  })

  test('files a block under the hour it was made in, and under no earlier one when the clock is set back', async () => {
    const { memory, journal } = await opened()
    const hours = () => memory.sorted().map((row) => row.partitionKey.slice(0, 10))
    memory.hold(true)
    vi.setSystemTime(Date.parse('2026-11-25T18:59:59.990Z'))
    const late = journal.record(intent('late'))
    await turn()
    vi.setSystemTime(Date.parse('2026-11-25T19:00:00.010Z'))
    const queued = journal.record(intent('queued'))
    memory.hold(false)
    memory.held[0]?.answer()
    await turn()
    await Promise.all([late, queued])
    vi.setSystemTime(NOW)
    const back = journal.record(intent('back'))
    await turn()
    await back
    expect(hours()).toEqual(['2026112518', '2026112518', '2026112518', '2026112519', '2026112519'])
    const report = await verifyJournal({ blocks: () => memory.table.list({}), master: MASTER, now: NOW })
    expect(report.wrong).toEqual([])
  })

  test('503 journal_unavailable: refuses what has no JSON form, and the chain goes on without it', async () => {
    const { memory, journal, reports } = await opened()
    const endless: Record<string, unknown> = {}
    endless['self'] = endless
    const entry = intent('x', { principal: { ...intent('x').principal, claims: endless } })
    await expect(journal.record(entry)).rejects.toMatchObject({
      code: 'journal_unavailable',
      reason: 'entry_without_json_form',
    })
    journal.follow({ kind: 'system', time: '', event: 'x', detail: endless })
    const next = journal.record(intent('next'))
    await turn()
    expect((await next).seq).toBe(2)
    expect(journal.status().lost).toBe(1)
    expect(reports.map(({ event }) => event)).toEqual([
      'journal.entry_refused',
      'journal.entry_refused',
      'journal.followers_lost',
    ])
    expect(kinds(memory)).toHaveLength(3)
  })

  test('503 journal_unavailable: takes nothing after close, and follow does not throw', async () => {
    const { journal } = await opened()
    const closing = journal.close()
    await expect(journal.record(intent('x'))).rejects.toMatchObject({ reason: 'journal_closed' })
    journal.follow(result('first'))
    await turn()
    await closing
    await journal.close()
    expect(journal.status()).toMatchObject({ state: 'closed', lost: 1 })
  })

  test('writes what is queued before `writer.close`', async () => {
    const { memory, journal } = await opened()
    const last = journal.record(intent('last'))
    journal.follow(result('first'))
    const closing = journal.close()
    await turn()
    await Promise.all([last, closing])
    expect(kinds(memory).at(-1)).toEqual(['intent last', 'result first', 'writer.close'])
  })
})
