import { GatewayError } from '../errors.ts'
import { createGrowingCache } from '../growing-cache.ts'

export type LoadingCacheDeps<T> = {
  now(): number
  /** How long a loaded value is served without asking again; up to a tenth less, so that entries do not end together. */
  ttlMs: number
  maxEntries: number
  maxBytes: number
  bytesOf(value: T): number
  random?(): number
}

export type Loaded<T> = { value: T; stale: boolean }

type Entry<T> = { freshUntil: number; value: T }
type Refusal = { freshUntil: number; error: GatewayError }
type Flight<T> = { promise: Promise<T>; dropped: boolean }

/** While the vault throttles, a value serves so much longer; a vault that is down is another matter: then its time is its time. */
const STALE_MS = 5 * 60_000
/** "No such secret" is asked again soon: somebody may just have made it. */
const NEGATIVE_MS = 5_000
/** Kept apart from the values: whoever may read one secret can ask for any number of versions that do not exist. */
const MAX_REFUSALS = 1_000
const NEGATIVE_CODES = new Set(['secret_not_found', 'secret_disabled'])
const JITTER = 0.1

/**
 * A bounded cache that loads what it lacks, once for all who wait (N concurrent misses = 1 load). Values are shared by all
 * callers; whether one may see them is decided elsewhere, each time.
 */
export function createLoadingCache<T>(deps: LoadingCacheDeps<T>) {
  const { now, ttlMs, maxEntries, maxBytes, bytesOf, random = Math.random } = deps
  const entries = createGrowingCache<Entry<T>>({
    count: maxEntries,
    size: maxBytes,
    sizeOf: ({ value }, key) => 64 + key.length + bytesOf(value),
  })
  const refusals = createGrowingCache<Refusal>({ count: MAX_REFUSALS })
  const flights = new Map<string, Flight<T>>()

  /** A clock that was set back must not keep anything longer than it was meant to. */
  const isAhead = (time: number, atMostMs: number) => now() < time && time - now() <= atMostMs

  const start = (key: string, load: () => Promise<T>): Promise<T> => {
    const flight: Flight<T> = { promise: Promise.resolve().then(load), dropped: false }
    flights.set(key, flight)
    // What was dropped while it loaded may be the state before the change.
    const keepValue = (value: T) => {
      if (flight.dropped) return
      refusals.delete(key)
      entries.set(key, { value, freshUntil: now() + ttlMs * (1 - JITTER * random()) })
    }
    const keepRefusal = (error: GatewayError) => {
      if (flight.dropped) return
      entries.delete(key)
      refusals.set(key, { error, freshUntil: now() + NEGATIVE_MS })
    }
    const done = () => {
      if (flights.get(key) === flight) flights.delete(key)
    }
    flight.promise.then(
      (value) => {
        keepValue(value)
        done()
      },
      (error: unknown) => {
        if (isAnswer(error)) keepRefusal(error)
        done()
      },
    )
    return flight.promise
  }

  return {
    /** The value under `key`; `stale` where it is past its time and the vault throttles. Throws what `load` throws. */
    async read(key: string, load: () => Promise<T>): Promise<Loaded<T>> {
      const refusal = refusals.get(key)
      if (refusal && isAhead(refusal.freshUntil, NEGATIVE_MS)) throw refusal.error
      const entry = entries.get(key)
      if (entry && isAhead(entry.freshUntil, ttlMs)) return { value: entry.value, stale: false }
      try {
        return { value: await (flights.get(key)?.promise ?? start(key, load)), stale: false }
      } catch (error) {
        const throttled = error instanceof GatewayError && error.reason === 'vault_throttled'
        if (throttled && entry && isAhead(entry.freshUntil + STALE_MS, ttlMs + STALE_MS)) {
          return { value: entry.value, stale: true }
        }
        throw error
      }
    },

    /** Forgets everything under the prefix, loads in flight included. */
    drop(prefix: string): void {
      for (const cache of [entries, refusals]) {
        for (const key of cache.keys()) if (key.startsWith(prefix)) cache.delete(key)
      }
      for (const [key, flight] of flights) {
        if (!key.startsWith(prefix)) continue
        flight.dropped = true
        flights.delete(key)
      }
    },

    size: () => ({ entries: entries.size, bytes: entries.calculatedSize }),
  }
}

/** What the vault said about the secret itself; also that we may not read it, which would else be asked and logged at every read. */
const isAnswer = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && (NEGATIVE_CODES.has(error.code) || error.reason === 'vault_forbidden')

export type LoadingCache<T> = ReturnType<typeof createLoadingCache<T>>
