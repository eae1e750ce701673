import type { Table } from '../azure/table.ts'
import type { EndedRows } from './ended-rows.ts'

/** So long after its end the same `Idempotency-Key` may begin the handle again: it must meet what was made, not make it anew. */
const KEPT_MS = 25 * 3_600_000

/**
 * Handles that have ended a day ago, with the proof of their use. INVARIANT: `redeemed` goes with its handle or after it,
 * never before: a handle without it could be redeemed a second time.
 */
export function endedHandles(table: Table, now: number): EndedRows {
  let last: { id: string; ended: boolean } | undefined
  return {
    name: 'handles',
    table,
    ranges: [{ from: '!', before: '~' }],
    select: ['said'],
    async ended({ partitionKey: id, rowKey, said }) {
      if (rowKey === 'handle') {
        last = { id, ended: isOver(said, now) }
        return last.ended
      }
      if (rowKey !== 'redeemed') return false
      if (last?.id === id) return last.ended
      // The walk began here, or the handle went alone when somebody was killed.
      const handle = await table.get(id, 'handle', { deadlineMs: 10_000 })
      return handle === undefined || isOver(handle['said'], now)
    },
  }
}

/** What was edited so that it says no time stays, to be seen. */
function isOver(said: unknown, now: number): boolean {
  try {
    const { expiresAt } = JSON.parse(String(said)) as { expiresAt?: unknown }
    return typeof expiresAt === 'number' && expiresAt + KEPT_MS < now
  } catch {
    return false
  }
}
