import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createChain } from '../../../shared/audit/chain.ts'
import { createLane } from '../../../shared/audit/lane.ts'
import type { Pending } from '../../../shared/audit/pending.ts'
import { createRatchet } from '../../../shared/audit/ratchet.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { DEADLINE_MS, MASTER, NOW } from './fixtures.ts'
import { memoryTable } from './memory-table.ts'

beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

const WID = 'ab'.repeat(16)

function laneOver(memory: ReturnType<typeof memoryTable>) {
  const chain = createChain(WID, createRatchet(MASTER, WID))
  const forget = vi.fn(chain.forget)
  const closed = vi.fn()
  const head = { wid: WID, block: 0, mac: 'A'.repeat(43), hour: '2026112518' }
  const counters = { inserts: 0, blocks: 0, entries: 0 }
  const deps = { table: memory.table, now: Date.now, deadlineMs: DEADLINE_MS, head, counters, closed }
  const lane = createLane({ ...deps, chain: { ...chain, forget } })
  return { lane, forget, closed, counters }
}

const pending = (settle?: Pending['settle']): Pending => ({
  text: '{"kind":"system"}',
  since: performance.now(),
  left: vi.fn(),
  ...(settle && { settle }),
})

test('T25: forgets its key when its storage fails', async () => {
  const memory = memoryTable()
  memory.fail('unreachable')
  const { lane, forget, closed } = laneOver(memory)
  lane.append(pending(() => {}))
  await vi.advanceTimersByTimeAsync(DEADLINE_MS + 10)
  expect([forget.mock.calls.length, closed.mock.calls.length]).toEqual([1, 1])
})

test('refuses who still waits when it ends, forgets its key, and takes no answer afterwards', async () => {
  const memory = memoryTable()
  memory.hold(true)
  const { lane, forget, closed, counters } = laneOver(memory)
  const [flying, queued] = [vi.fn(), vi.fn()]
  lane.append(pending(flying))
  await vi.advanceTimersByTimeAsync(0)
  lane.append(pending(queued))
  lane.end()
  for (const { answer } of memory.held) answer()
  await vi.advanceTimersByTimeAsync(DEADLINE_MS)
  const refusal = new GatewayError('journal_unavailable', 'journal_closed', { retryAfterSeconds: 2 })
  expect([flying.mock.calls, queued.mock.calls]).toEqual([[[refusal]], [[refusal]]])
  expect([forget.mock.calls.length, closed.mock.calls.length, counters.entries, memory.inserts()]).toEqual([1, 0, 0, 1])
})

test('followers alone wait for company, at most 40 ms', async () => {
  const memory = memoryTable()
  const { lane } = laneOver(memory)
  lane.append(pending())
  await vi.advanceTimersByTimeAsync(39)
  expect(memory.inserts()).toBe(0)
  await vi.advanceTimersByTimeAsync(1)
  expect(memory.inserts()).toBe(1)
  expect(vi.getTimerCount()).toBe(0)
})

test('writes nothing more once it ended, whatever was about to be written', async () => {
  const memory = memoryTable()
  const { lane } = laneOver(memory)
  const settled = vi.fn()
  lane.append(pending())
  lane.append(pending(settled))
  lane.end()
  await vi.advanceTimersByTimeAsync(DEADLINE_MS)
  expect([memory.inserts(), settled.mock.calls.length, vi.getTimerCount()]).toEqual([0, 1, 0])
})
