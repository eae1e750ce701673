import { createGrowingCache } from '../growing-cache.ts'
import type { Obligations } from './decision.ts'
import type { Limit } from './limits/limit.ts'

type Rate = NonNullable<Obligations['rate']>

export type RateLimiter = {
  /** Takes one request out of a bucket and says what is left in it. `key` is what the rate counts. */
  take(key: string, rate: Rate): Omit<Limit, 'name'>
}

/** More callers than this share an instance's memory by turns: a forgotten bucket starts full. */
const MAX_BUCKETS = 20_000

type Bucket = { tokens: number; at: number; capacity: number; windowSeconds: number }

/**
 * Token buckets of this instance (policy-and-grants.md: protection; instances do not share them, so a rate holds for each).
 * A bucket holds a window's count and refills evenly. A clock that is set back refills nothing and takes nothing away.
 */
export function createRateLimiter({ now }: { now: () => number }): RateLimiter {
  const buckets = createGrowingCache<Bucket>({ count: MAX_BUCKETS })
  return {
    take(key, rate) {
      const at = now()
      const refillPerMs = rate.count / (rate.windowSeconds * 1_000)
      const bucket = bucketOf(key, rate, at)
      bucket.tokens = Math.min(rate.count, bucket.tokens + Math.max(0, at - bucket.at) * refillPerMs)
      bucket.at = at
      const allowed = bucket.tokens >= 1
      if (allowed) bucket.tokens--
      const secondsUntil = (tokens: number) => Math.max(0, Math.ceil((tokens - bucket.tokens) / refillPerMs / 1_000))
      return {
        ...rate,
        remaining: Math.floor(bucket.tokens),
        resetSeconds: secondsUntil(rate.count),
        ...(!allowed && { waitSeconds: Math.max(1, secondsUntil(1)) }),
      }
    },
  }

  function bucketOf(key: string, { count, windowSeconds }: Rate, at: number): Bucket {
    const known = buckets.get(key)
    if (known?.capacity === count && known.windowSeconds === windowSeconds) return known
    const full = { tokens: count, at, capacity: count, windowSeconds }
    buckets.set(key, full)
    return full
  }
}
