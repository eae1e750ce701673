/** What came of one call: an answer, or the tag of a fault. `retryAfter` as the header said it. */
export type Outcome = { status: number; retryAfter?: string | undefined } | { fault: string }

/** What to do next. `gone`: nothing is to be sent there any more, until it is subscribed again. */
export type Next =
  | { next: 'done' }
  | { next: 'later'; at: number; reason: string }
  | { next: 'park'; reason: string }
  | { next: 'gone'; reason: string }

/** 30 s, doubled each time up to an hour: about five hours in all. */
export const MAX_ATTEMPTS = 12
const FIRST_MS = 30_000
const LONGEST_MS = 3_600_000
/** A fifth more or less, so that what failed together does not come back together. */
const JITTER = 0.2
/** However long a receiver asks to be left alone. */
export const LONGEST_WAIT_MS = 86_400_000
/** After that an event is given up, whatever the receiver asks for. */
export const MAX_AGE_MS = 3 * 86_400_000

/** Faults that no time mends: the setting, or the subscriber, must change first. */
const FINAL: ReadonlySet<string> = new Set(['callback_malformed', 'callback_not_allowed', 'callback_lost'])

/** `attempts` counts this one; times in milliseconds, `random` in [0, 1). Pure. */
export function nextOf(
  outcome: Outcome,
  { attempts, since, now, random }: { attempts: number; since: number; now: number; random: number },
): Next {
  const reason = 'fault' in outcome ? outcome.fault : `answered_${outcome.status}`
  if ('status' in outcome && outcome.status >= 200 && outcome.status < 300) return { next: 'done' }
  if (reason === 'answered_410' || FINAL.has(reason)) return { next: 'gone', reason }
  const asked = 'status' in outcome ? retryAfterMs(outcome.retryAfter, now) : 0
  const at = now + Math.max(asked, backoffMs(attempts, random))
  if (attempts >= MAX_ATTEMPTS || at > since + MAX_AGE_MS) return { next: 'park', reason }
  return { next: 'later', at, reason }
}

function backoffMs(attempts: number, random: number): number {
  const plain = Math.min(FIRST_MS * 2 ** Math.max(0, attempts - 1), LONGEST_MS)
  return Math.round(plain * (1 - JITTER + 2 * JITTER * random))
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3); nonsense is taken as nothing said. */
function retryAfterMs(text: string | undefined, now: number): number {
  const value = text?.trim() ?? ''
  const ms = /^\d{1,9}$/.test(value) ? Number(value) * 1_000 : /GMT$/.test(value) ? Date.parse(value) - now : 0
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), LONGEST_WAIT_MS) : 0
}
