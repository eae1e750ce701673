/** What is left of one limit after a request asked for one of it. */
export type Limit = {
  /** Names the policy in the answer's fields. */
  name: 'rate' | 'quota' | 'principal'
  count: number
  windowSeconds: number
  remaining: number
  /** Whole seconds until all of it is there again. */
  resetSeconds: number
  /** Set exactly when nothing was left: whole seconds until it is worth asking again. */
  waitSeconds?: number
}

/** The limit that stops the caller first. */
export const tighter = (a: Limit, b: Limit): Limit => (b.remaining < a.remaining ? b : a)

/**
 * `RateLimit-Policy` and `RateLimit` of draft-ietf-httpapi-ratelimit-headers: lists of structured fields (RFC 9651), one item a
 * limit. The names are fixed words, so nothing needs quoting.
 */
export function limitFields(limits: readonly Limit[]): Record<string, string> {
  const item = (make: (limit: Limit) => string) => limits.map(make).join(', ')
  return {
    'RateLimit-Policy': item(({ name, count, windowSeconds }) => `"${name}";q=${count};w=${windowSeconds}`),
    RateLimit: item(({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`),
  }
}
