import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { blocksOf, intent, journalOver, NOW } from './fixtures.ts'
import { memoryTable } from './memory-table.ts'

// audit.md, "Writing": a canary entry every minute is read back.

beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

/** A minute, and what its canary sets off. */
const minute = () => vi.advanceTimersByTimeAsync(60_010)

async function opened() {
  const memory = memoryTable()
  const over = journalOver(memory)
  const first = over.journal.record(intent('first'))
  await vi.advanceTimersByTimeAsync(0)
  await first
  return { memory, ...over }
}

const canaries = (memory: ReturnType<typeof memoryTable>) =>
  blocksOf(memory).filter(({ entries }) => entries.some((entry) => entry.kind === 'system' && entry.event === 'canary'))
    .length

describe('the canary', () => {
  test('is written and read back each minute', async () => {
    const { memory, journal, reports } = await opened()
    expect(journal.status().canary).toEqual({ state: 'none' })
    await minute()
    expect(journal.status().canary).toMatchObject({ state: 'ok', at: expect.stringMatching(/^2026-11-25T18:31:0/) })
    await minute()
    expect([canaries(memory), memory.gets(), reports.length]).toEqual([2, 2, 0])
  })

  test('is not written before the first entry nor after close', async () => {
    const idle = memoryTable()
    journalOver(idle)
    const { memory, journal } = await opened()
    const closing = journal.close()
    await vi.advanceTimersByTimeAsync(0)
    await closing
    await minute()
    expect([idle.inserts(), canaries(memory), vi.getTimerCount()]).toEqual([0, 0, 0])
  })

  test('503 journal_unavailable while storage acknowledges what it does not keep, until a canary is back', async () => {
    const { memory, journal, reports } = await opened()
    const { insert } = memory.table
    memory.table.insert = async () => 'inserted'
    await minute()
    expect(journal.status().canary.state).toBe('lost')
    expect(reports).toEqual([{ event: 'journal.canary_lost', detail: {} }])
    await expect(journal.record(intent('x'))).rejects.toMatchObject({
      code: 'journal_unavailable',
      reason: 'canary_lost',
    })
    memory.table.insert = insert
    await minute()
    const again = journal.record(intent('again'))
    await vi.advanceTimersByTimeAsync(0)
    expect((await again).seq).toBe(4)
  })

  test('503 journal_unavailable after a loss also while the next canary cannot be read', async () => {
    const { memory, journal } = await opened()
    const { get } = memory.table
    memory.table.get = async () => undefined
    await minute()
    memory.table.get = () => Promise.reject(new Error('down'))
    await minute()
    await expect(journal.record(intent('x'))).rejects.toMatchObject({ reason: 'canary_lost' })
    memory.table.get = get
    await minute()
    expect(journal.status().canary.state).toBe('ok')
  })

  test('503 journal_unavailable while a canary comes back altered', async () => {
    const { memory, journal } = await opened()
    const { get } = memory.table
    memory.table.get = async (...keys) => {
      const row = await get(...keys)
      return row && { ...row, macs00: 'A'.repeat(43) }
    }
    await minute()
    await expect(journal.record(intent('x'))).rejects.toMatchObject({ reason: 'canary_lost' })
  })

  test('that cannot be read denies nothing: it says so and tries again', async () => {
    const { memory, journal, reports } = await opened()
    const { get } = memory.table
    memory.table.get = () => new Promise(() => {})
    await minute()
    await vi.advanceTimersByTimeAsync(2_001)
    expect(journal.status().canary.state).toBe('unread')
    expect(reports).toEqual([{ event: 'journal.canary_unread', detail: { reason: 'timeout' } }])
    memory.table.get = get
    await minute()
    expect(journal.status().canary.state).toBe('ok')
  })

  test('does not pile up while storage hangs', async () => {
    const { memory, journal } = await opened()
    memory.hold(true)
    await minute()
    await vi.advanceTimersByTimeAsync(600_000)
    expect(journal.status().waiting).toBeLessThanOrEqual(1)
  })
})
