import { hash } from 'node:crypto'
import type { Table } from '../../azure/table.ts'
import { createGrowingCache } from '../../growing-cache.ts'
import { minuteOf } from '../../time-keys.ts'
import type { Quota } from '../decision.ts'
import type { Limit } from './limit.ts'
import { createQuotaCounter, type QuotaCounter } from './quota-counter.ts'

export type Quotas = {
  /**
   * Counts one request against every quota of the principal; gives what is left of each, the last one with `waitSeconds` when
   * it had nothing left (then those behind it were not counted). Throws GatewayError `storage_unavailable`.
   */
  take(principalId: string, quotas: readonly Quota[]): Promise<Limit[]>
}

/** A counter that is forgotten is read again from its row. */
const MAX_COUNTERS = 10_000

/**
 * Exact quotas over all instances: one row for a principal, a statement and a window, in table `quotas`. `serverNow` is the
 * storage server's clock, so that instances agree on the window whatever their own say.
 */
export function createQuotas({ table, serverNow }: { table: Table; serverNow: () => number }): Quotas {
  const counters = createGrowingCache<QuotaCounter>({ count: MAX_COUNTERS })
  return {
    async take(principalId, quotas) {
      const at = serverNow()
      const limits: Limit[] = []
      for (const quota of [...quotas].sort(shorterFirst)) {
        const { count, windowSeconds } = quota
        const window = windowAt(at, windowSeconds)
        const { counted, used } = await counterOf(principalId, quota, window.end).take(count)
        const resetSeconds = Math.max(1, Math.ceil((window.end - at) / 1_000))
        const remaining = Math.max(0, count - used)
        const left = { name: 'quota' as const, count, windowSeconds, remaining, resetSeconds }
        limits.push(counted ? left : { ...left, waitSeconds: resetSeconds })
        if (!counted) break
      }
      return limits
    },
  }

  function counterOf(principalId: string, { statement, windowSeconds }: Quota, end: number): QuotaCounter {
    const name = hash('sha256', JSON.stringify([principalId, statement, windowSeconds]), 'base64url')
    const known = counters.get(`${end}|${name}`)
    if (known) return known
    const expires = new Date(end).toISOString()
    // `202611260000|ab`: what ended is one range of partitions, and no partition is everybody's.
    const partitionKey = `${minuteOf(end)}|${name.slice(0, 2)}`
    const counter = createQuotaCounter(table, { partitionKey, rowKey: name }, { statement, expires })
    counters.set(`${end}|${name}`, counter)
    return counter
  }
}

/** A long window is not used up by requests that a short one refuses. */
const shorterFirst = (a: Quota, b: Quota) => a.windowSeconds - b.windowSeconds || a.count - b.count

/** Windows are fixed and begin at whole minutes, hours and days, UTC: each longer one holds whole shorter ones. */
function windowAt(at: number, windowSeconds: number): { end: number } {
  const length = windowSeconds * 1_000
  return { end: (Math.floor(at / length) + 1) * length }
}
