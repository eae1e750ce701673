import { GatewayError } from '../../errors.ts'
import { createGrowingCache } from '../../growing-cache.ts'
import type { Principal } from '../../identity/principal.ts'
import { createRateLimiter } from '../rate-limiter.ts'
import { limitFields } from './limit.ts'

export type PrincipalRateDeps = {
  rate: { count: number; windowSeconds: number }
  now: () => number
  /** Counts the refusal for the journal's summary: a flood must not cost a write a request. */
  refused(issuerName: string, reason: string): void
  report(event: string, detail: Record<string, unknown>): void
}

/** How often a principal that keeps on is named in the log. */
const NAMED_EVERY_MS = 60_000
const MAX_NAMED = 1_000

/**
 * Protection of an instance from any one principal, whatever its policy says: one bucket each, asked when the principal is known
 * and before anything is read or written for it. Gives the principal back; throws GatewayError `rate_limited`.
 */
export function createPrincipalRate({ rate, now, refused, report }: PrincipalRateDeps) {
  const limiter = createRateLimiter({ now })
  const named = createGrowingCache<number>({ count: MAX_NAMED })
  return <T extends Principal>(principal: T): T => {
    const left = limiter.take(principal.id, rate)
    if (left.waitSeconds === undefined) return principal
    refused(principal.issuerName, 'principal_rate_exceeded')
    if (now() - (named.get(principal.id) ?? Number.NEGATIVE_INFINITY) >= NAMED_EVERY_MS) {
      named.set(principal.id, now())
      report('rate.exceeded', { principal: principal.id })
    }
    const headers = limitFields([{ name: 'principal', ...left }])
    throw new GatewayError('rate_limited', 'principal_rate_exceeded', { retryAfterSeconds: left.waitSeconds, headers })
  }
}
