import type { Table } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import { createGrowingCache } from '../../growing-cache.ts'
import type { Decision, Quota } from '../decision.ts'
import { createRateLimiter } from '../rate-limiter.ts'
import { type Limit, limitFields, tighter } from './limit.ts'
import { createQuotas } from './quotas.ts'

/** Somebody whom a decision permits something; each has its own buckets and quotas. */
export type Party = { principalId: string; decision: Pick<Decision, 'statementIds' | 'obligations'> }

export type Limits = {
  /**
   * Takes one out of every rate and quota of the parties' permits, each once; rates first, since they cost nothing. Throws
   * GatewayError `rate_limited` with the time to wait, `storage_unavailable` where a quota cannot be counted.
   */
  take(txn: string, parties: readonly Party[]): Promise<void>
  /** The answer's RateLimit fields, if any limit applied to its request; asked once, when it leaves. */
  fieldsOf(txn: string): Record<string, string> | undefined
}

export type LimitsDeps = {
  /** Table `quotas`. */
  table: Table
  now: () => number
  /** Storage server's clock minus ours; undefined before its first answer. */
  clockSkewMs?: () => number | undefined
}

/** Requests that are under way; the bound is for those whose answer never leaves. */
const MAX_NOTES = 10_000

/** Whether anything must be taken at all: everything else costs a request nothing. */
export const isLimited = ({ rate, quotas }: Decision['obligations']): boolean =>
  rate !== undefined || quotas !== undefined

/**
 * The rates and quotas of permits. What a request met is noted under its `txn` (an item of a batch is `<txn>.<position>`), and
 * put into its answer where every answer passes: no endpoint can forget it, whatever the answer is.
 */
export function createLimits({ table, now, clockSkewMs = () => undefined }: LimitsDeps): Limits {
  const rates = createRateLimiter({ now })
  const quotas = createQuotas({ table, serverNow: () => now() + (clockSkewMs() ?? 0) })
  const notes = createGrowingCache<Map<Limit['name'], Limit>>({ count: MAX_NOTES })

  const note = (txn: string, limit: Limit): void => {
    const request = txn.split('.', 1)[0] ?? txn
    const noted = notes.get(request) ?? new Map<Limit['name'], Limit>()
    notes.set(request, noted.set(limit.name, tighter(noted.get(limit.name) ?? limit, limit)))
    if (limit.waitSeconds === undefined) return
    throw new GatewayError('rate_limited', `${limit.name}_exceeded`, { retryAfterSeconds: limit.waitSeconds })
  }

  return {
    async take(txn, parties) {
      for (const [key, rate] of ratesOf(parties)) note(txn, { name: 'rate', ...rates.take(key, rate) })
      for (const [principalId, owed] of quotasOf(parties)) {
        for (const limit of await quotas.take(principalId, owed)) note(txn, limit)
      }
    },
    fieldsOf(txn) {
      if (notes.size === 0) return undefined
      const limits = notes.get(txn)
      if (!limits) return undefined
      notes.delete(txn)
      return limitFields([...limits.values()])
    },
  }
}

/** By what each counts: the same permits are one bucket, however often they stand in a list. */
function ratesOf(parties: readonly Party[]) {
  const rates = new Map<string, NonNullable<Decision['obligations']['rate']>>()
  for (const { principalId, decision } of parties) {
    const { rate } = decision.obligations
    if (rate) rates.set(JSON.stringify([principalId, decision.statementIds]), rate)
  }
  return rates
}

function quotasOf(parties: readonly Party[]): Map<string, Quota[]> {
  const quotas = new Map<string, Quota[]>()
  for (const { principalId, decision } of parties) {
    for (const quota of decision.obligations.quotas ?? []) {
      const owed = quotas.get(principalId) ?? []
      if (!owed.some(({ statement }) => statement === quota.statement)) owed.push(quota)
      quotas.set(principalId, owed)
    }
  }
  return quotas
}
