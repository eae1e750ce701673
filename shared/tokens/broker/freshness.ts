/** A token as upstream gave it; times in milliseconds since the epoch. */
export type Fetched = { token: string; expiresAt: number; refreshAt?: number }

/** Nobody is handed a cached token with less than this left. */
export const SPARE_MS = 5 * 60_000
/** Only tokens that live at least so long are renewed at half their life, unless upstream says when. */
const LONG_LIVED_MS = 2 * 3_600_000

/** When a token that was received at `now` should be renewed in the background; Infinity = not before it ends. */
export function renewalTime({ expiresAt, refreshAt }: Fetched, now: number): number {
  if (refreshAt !== undefined) return refreshAt
  const lifetime = expiresAt - now
  return lifetime >= LONG_LIVED_MS ? now + lifetime / 2 : Number.POSITIVE_INFINITY
}

/** Whether it may still be served from a cache. */
export const isReusable = ({ expiresAt }: Fetched, now: number) => now < expiresAt - SPARE_MS
