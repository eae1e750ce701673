import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRateLimiter } from '../../../shared/policy/rate-limiter.ts'

const MINUTE = { count: 60, windowSeconds: 60 }
const waitOf = ({ waitSeconds }: { waitSeconds?: number }) => waitSeconds

describe('createRateLimiter', () => {
  it('lets a window’s count through at once, then says how long to wait', () => {
    let now = 0
    const limiter = createRateLimiter({ now: () => now })
    const taken = Array.from({ length: 61 }, () => limiter.take('caller', MINUTE))
    expect(taken.slice(0, 60).every(({ waitSeconds }) => waitSeconds === undefined)).toBe(true)
    expect(taken.map(({ remaining }) => remaining)).toEqual([...Array.from({ length: 60 }, (_, at) => 59 - at), 0])
    expect(taken[60]).toEqual({ ...MINUTE, remaining: 0, resetSeconds: 60, waitSeconds: 1 })
    now += 1_000
    expect(limiter.take('caller', MINUTE)).toEqual({ ...MINUTE, remaining: 0, resetSeconds: 60 })
    expect(limiter.take('caller', MINUTE).waitSeconds).toBe(1)
  })

  it('says the whole wait of a slow rate', () => {
    const limiter = createRateLimiter({ now: () => 0 })
    const daily = { count: 1, windowSeconds: 86_400 }
    expect([limiter.take('a', daily), limiter.take('a', daily)].map(waitOf)).toEqual([undefined, 86_400])
  })

  it('counts callers apart', () => {
    const limiter = createRateLimiter({ now: () => 0 })
    const once = { count: 1, windowSeconds: 60 }
    expect([limiter.take('a', once), limiter.take('b', once)].map(waitOf)).toEqual([undefined, undefined])
  })

  it('never lets more through than the count and what was refilled, whatever the clock does', () => {
    const steps = fc.array(fc.integer({ min: -5_000, max: 5_000 }), { maxLength: 200 })
    fc.assert(
      fc.property(
        steps,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 30 }),
        (clock, count, windowSeconds) => {
          let now = 1_000_000
          let forward = 0
          let through = 0
          const limiter = createRateLimiter({ now: () => now })
          for (const step of clock) {
            now += step
            forward += Math.max(0, step)
            if (limiter.take('caller', { count, windowSeconds }).waitSeconds === undefined) through++
          }
          expect(through).toBeLessThanOrEqual(count + (forward * count) / (windowSeconds * 1_000) + 1e-6)
        },
      ),
    )
  })
})
