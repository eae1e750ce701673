import type { Journal } from './entry.ts'

export type Refusals = {
  /** Counts one request that failed authentication. */
  count(issuer: string, reason: string): void
  /** Hands the counts to the journal and stops; call it before the journal closes. */
  close(): void
}

const EVERY_MS = 60_000
/** Issuer names are our documents' and reasons our tags; the bound is for the day when that is no longer so (T34). */
const MAX_PAIRS = 256
const OTHER = { issuer: 'other', reason: 'other', count: 0 }

/**
 * Sums failed authentications per issuer and reason, one `refused` entry each a minute: a flood of bad tokens costs two entries a
 * minute, not a write each.
 */
export function createRefusals({ journal, now }: { journal: Pick<Journal, 'follow'>; now(): number }): Refusals {
  let sums = new Map<string, { issuer: string; reason: string; count: number }>()
  let timer: NodeJS.Timeout | undefined
  return {
    count(issuer, reason) {
      const key = JSON.stringify([issuer, reason])
      const full = sums.size >= MAX_PAIRS && !sums.has(key)
      const kept = full ? 'other' : key
      const sum = sums.get(kept) ?? (full ? { ...OTHER } : { issuer, reason, count: 0 })
      sum.count++
      sums.set(kept, sum)
      timer ??= setTimeout(flush, EVERY_MS).unref()
    },
    close: flush,
  }

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    const time = new Date(now()).toISOString()
    const counted = sums
    sums = new Map()
    for (const sum of counted.values()) journal.follow({ kind: 'refused', time, ...sum })
  }
}
