import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { boundLifetime } from '../../../shared/tokens/lifetime.ts'

const NOW = Date.UTC(2026, 10, 25)
const S = 1_000

describe('boundLifetime (RFC 8693: never beyond subject, actor or policy)', () => {
  it('is exactly what is asked when nothing is shorter', () => {
    const at = NOW / S
    expect(boundLifetime({ now: NOW, maxSeconds: [90, undefined, 3_600], notAfter: NOW + 3_600 * S })).toEqual({
      iat: at,
      exp: at + 90,
    })
  })

  it.each([
    ['the obligation', { maxSeconds: [900, 60, 3_600], notAfter: NOW + 3_600 * S }, 60],
    ['the target', { maxSeconds: [undefined, undefined, 300], notAfter: NOW + 3_600 * S }, 300],
    ['the token it rests on', { maxSeconds: [900, 900, 900], notAfter: NOW + 42_900 }, 42],
  ])('is cut by %s', (_what, bounds, seconds) => {
    const { iat = 0, exp = 0 } = boundLifetime({ now: NOW, ...bounds }) ?? {}
    expect(exp - iat).toBe(seconds)
  })

  it.each([
    ['the token has 999 ms left', NOW + 999],
    ['the token has expired within the leeway', NOW - 30 * S],
    ['the end is no time', Number.NaN],
  ])('refuses when %s', (_what, notAfter) => {
    expect(boundLifetime({ now: NOW, maxSeconds: [3_600], notAfter })).toBeUndefined()
  })

  it('refuses an unbounded token', () => {
    expect(boundLifetime({ now: NOW, maxSeconds: [undefined], notAfter: Number.POSITIVE_INFINITY })).toBeUndefined()
  })

  it('never exceeds any bound and never starts in the future', () => {
    const seconds = fc.option(fc.double({ min: 0, max: 100_000, noNaN: true }), { nil: undefined })
    const after = fc.double({ min: -100, max: 100_000, noNaN: true })
    fc.assert(
      fc.property(fc.array(seconds, { maxLength: 4 }), after, fc.nat(999), (maxSeconds, left, ms) => {
        const now = NOW + ms
        const notAfter = now + left * S
        const lifetime = boundLifetime({ now, maxSeconds, notAfter })
        if (!lifetime) return
        expect(lifetime.iat * S).toBeLessThanOrEqual(now)
        expect(lifetime.exp * S).toBeLessThanOrEqual(notAfter)
        for (const most of maxSeconds) expect(lifetime.exp - lifetime.iat).toBeLessThanOrEqual(most ?? Infinity)
        expect(lifetime.exp - lifetime.iat).toBeGreaterThanOrEqual(1)
      }),
    )
  })
})
