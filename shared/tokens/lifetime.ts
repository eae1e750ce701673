/** Whole seconds since the epoch, as in a JWT. */
export type Lifetime = { iat: number; exp: number }

export type Bounds = {
  /** Milliseconds since the epoch. */
  now: number
  /** Longest lifetimes in seconds: what was asked, the obligation, the target. */
  maxSeconds: readonly (number | undefined)[]
  /** Milliseconds since the epoch: when the first of the tokens ends on which the new one rests. */
  notAfter: number
}

/** Said when `boundLifetime` gives none. */
export const TOO_SHORT = 'less than a second of lifetime would be left: the token sent ends too soon'

/** The longest lifetime within every bound (RFC 8693: never beyond subject or actor); undefined when less than a second is left. */
export function boundLifetime({ now, maxSeconds, notAfter }: Bounds): Lifetime | undefined {
  const iat = Math.floor(now / 1_000)
  const longest = Math.min(...maxSeconds.filter((seconds) => seconds !== undefined))
  const exp = Math.min(iat + Math.floor(longest), Math.floor(notAfter / 1_000))
  return Number.isSafeInteger(exp) && exp - iat >= 1 ? { iat, exp } : undefined
}
