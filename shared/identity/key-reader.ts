import { createBreaker } from './breaker.ts'
import type { KeySet } from './key-set.ts'
import { LIMITS } from './limits.ts'

export type KeyReader = {
  /** What was read last, unless that is more than 24 h ago. */
  current(): KeySet | undefined
  /** Reads now, or joins a read that is under way; does nothing while the breaker pauses reading. Never rejects. */
  read(): Promise<void>
  /** Starts a read that is due; gives a promise only where the caller must wait for it. Never rejects. */
  freshen(): Promise<void> | undefined
  /** Whether the last read failed. */
  failing(): boolean
  /** Whether a read is under way. */
  reading(): boolean
  /** Milliseconds until the breaker allows a read, and until `spacingMs` have gone by since the last one began. */
  pauseMs(): number
  waitMs(spacingMs: number): number
  /** When `current` was read (ms since the epoch). */
  readAt(): number
}

type Deps = { fetchKeys(before: KeySet | undefined): Promise<KeySet | undefined>; now(): number }

/**
 * Keeps one key set fresh (T33): one read at a time however many wait, hourly in the background, waited for after two
 * hours; after three failures a pause; what was read serves 24 h without the issuer. `fetchKeys` must not reject.
 */
export function createKeyReader({ fetchKeys, now }: Deps): KeyReader {
  const breaker = createBreaker()
  let keys: KeySet | undefined
  let readAt = 0
  let triedAt = Number.NEGATIVE_INFINITY
  let failing = false
  let underWay: Promise<void> | undefined

  const current = () => (keys && isWithin(readAt, LIMITS.staleIfErrorMs, now()) ? keys : undefined)

  async function readOnce(): Promise<void> {
    triedAt = now()
    const fresh = await fetchKeys(keys)
    failing = !fresh
    if (!fresh) return breaker.failed(now())
    breaker.succeeded()
    keys = fresh
    readAt = now()
  }

  async function read(): Promise<void> {
    if (!underWay && !breaker.allows(now())) return
    underWay ??= readOnce().finally(() => {
      underWay = undefined
    })
    return underWay
  }

  function freshen(): Promise<void> | undefined {
    if (current() && isWithin(readAt, LIMITS.refreshAfterMs, now())) return undefined
    const done = read()
    return current() && isWithin(readAt, LIMITS.waitForRefreshAfterMs, now()) ? undefined : done
  }

  return {
    current,
    read,
    freshen,
    failing: () => failing,
    reading: () => underWay !== undefined,
    pauseMs: () => breaker.pauseMs(now()),
    waitMs: (spacingMs) => (isWithin(triedAt, spacingMs, now()) ? triedAt + spacingMs - now() : 0),
    readAt: () => readAt,
  }
}

/** Whether `now` is less than `ms` past `since`. A clock that was set back makes everything due, and nothing eternal. */
export function isWithin(since: number, ms: number, now: number): boolean {
  const age = now - since
  return age >= 0 && age < ms
}
