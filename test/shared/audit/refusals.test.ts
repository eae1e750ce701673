import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Entry } from '../../../shared/audit/entry.ts'
import { createRefusals } from '../../../shared/audit/refusals.ts'
import { NOW } from './fixtures.ts'

// audit.md, "Entries": a request that fails authentication writes no entry, one `refused` summary per issuer and reason each minute does.

beforeEach(() => void vi.useFakeTimers({ now: NOW }))
afterEach(() => void vi.useRealTimers())

function counting() {
  const entries: Entry[] = []
  const refusals = createRefusals({ journal: { follow: (entry) => void entries.push(entry) }, now: Date.now })
  return { entries, refusals }
}

test('sums per issuer and reason, one entry each a minute', async () => {
  const { entries, refusals } = counting()
  for (let n = 0; n < 1_000; n++) refusals.count('local', 'expired')
  refusals.count('local', 'wrong_audience')
  refusals.count('unknown', 'expired')
  await vi.advanceTimersByTimeAsync(59_999)
  expect(entries).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  const time = '2026-11-25T18:31:00.000Z'
  expect(entries).toEqual([
    { kind: 'refused', time, issuer: 'local', reason: 'expired', count: 1_000 },
    { kind: 'refused', time, issuer: 'local', reason: 'wrong_audience', count: 1 },
    { kind: 'refused', time, issuer: 'unknown', reason: 'expired', count: 1 },
  ])
})

test('writes nothing in a quiet minute, and starts again from zero', async () => {
  const { entries, refusals } = counting()
  refusals.count('local', 'expired')
  await vi.advanceTimersByTimeAsync(600_000)
  refusals.count('local', 'expired')
  await vi.advanceTimersByTimeAsync(60_000)
  expect(entries.map((entry) => entry.kind === 'refused' && entry.count)).toEqual([1, 1])
})

test('close hands over what was counted and leaves no timer', () => {
  const { entries, refusals } = counting()
  refusals.count('local', 'expired')
  refusals.close()
  expect(entries).toMatchObject([{ count: 1 }])
  expect(vi.getTimerCount()).toBe(0)
})

test('T34: keeps a bounded number of pairs; the others are counted together', () => {
  const { entries, refusals } = counting()
  for (let n = 0; n < 10_000; n++) refusals.count(`issuer-${n}`, 'r')
  refusals.count('issuer-0', 'r')
  refusals.close()
  expect(entries).toHaveLength(257)
  expect(entries[0]).toMatchObject({ issuer: 'issuer-0', count: 2 })
  expect(entries.at(-1)).toMatchObject({ issuer: 'other', reason: 'other', count: 9_744 })
})

test('a pair of names that join to the same text is kept apart', () => {
  const { entries, refusals } = counting()
  refusals.count('a', 'b","c')
  refusals.count('a","b', 'c')
  refusals.count('other', 'x')
  refusals.close()
  expect(entries).toHaveLength(3)
})
