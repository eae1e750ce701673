import { LRUCache } from 'lru-cache'
import type { Obligations } from './decision.ts'

export type RateLimiter = {
  /**
   * Takes one request out of the caller's bucket; gives the whole seconds until the next one when it is empty. `key` is
   * what the rate counts: a principal and the permits that brought it.
   */
  take(key: string, rate: NonNullable<Obligations['rate']>): number | undefined
}

/** More callers than this share an instance's memory by turns: a forgotten bucket starts full. */
const MAX_BUCKETS = 20_000

type Bucket = { tokens: number; at: number; capacity: number }

/**
 * Token buckets of this instance (policy-and-grants.md: protection; instances do not share them, so a rate holds for each).
 * A bucket holds a window's count and refills evenly. A clock that is set back refills nothing and takes nothing away.
 */
export function createRateLimiter({ now }: { now: () => number }): RateLimiter {
  const buckets = new LRUCache<string, Bucket>({ max: MAX_BUCKETS })
  return {
    take(key, { count, windowSeconds }) {
      const at = now()
      const refillPerMs = count / (windowSeconds * 1_000)
      const known = buckets.get(key)
      const bucket = known?.capacity === count ? known : { tokens: count, at, capacity: count }
      const elapsed = Math.max(0, at - bucket.at)
      const tokens = Math.min(count, bucket.tokens + elapsed * refillPerMs)
      const allowed = tokens >= 1
      buckets.set(key, { tokens: allowed ? tokens - 1 : tokens, at, capacity: count })
      return allowed ? undefined : Math.max(1, Math.ceil((1 - tokens) / refillPerMs / 1_000))
    },
  }
}
