import type { JsonObject } from './jwt.ts'
import { LIMITS } from './limits.ts'
import { type Refusal, type Refused, refused } from './refusal.ts'

/** RFC 7519 NumericDates, in seconds. */
export type TokenTimes = { exp: number; iat: number; nbf?: number }

/** Year 9999: what a Date and RFC 3339 can still write. */
const MAX_SECONDS = 253_402_300_799

const isTime = (value: unknown): value is number => typeof value === 'number' && value >= 0 && value <= MAX_SECONDS

/** `exp` and `iat` are required (a JWT library alone lets a token without `exp` pass, F3), `nbf` is optional. */
export function readTimes(payload: JsonObject): TokenTimes | Refused {
  const { exp, iat, nbf } = payload as { exp?: unknown; iat?: unknown; nbf?: unknown }
  if (!isTime(exp) || !isTime(iat)) return refused('time_malformed')
  if (nbf === undefined) return { exp, iat }
  return isTime(nbf) ? { exp, iat, nbf } : refused('time_malformed')
}

/** Whether a token with these times holds at `now` (ms); asked at the first sight and again at every cache hit. */
export function checkTimes({ exp, iat, nbf = iat }: TokenTimes, now: number): Refusal | undefined {
  const seconds = now / 1_000
  if (seconds >= exp + LIMITS.leewaySeconds) return 'token_expired'
  if (Math.max(iat, nbf) > seconds + LIMITS.leewaySeconds) return 'token_not_yet_valid'
  return undefined
}

/** From `iat`, not `nbf`: some issuers write `nbf: 0`. As `iat` may not lie ahead, this bounds the remaining life too. */
export function checkLifetime({ exp, iat }: TokenTimes, maxSeconds: number): Refusal | undefined {
  return exp - iat > maxSeconds ? 'lifetime_too_long' : undefined
}
