import { GatewayError } from '../../errors.ts'
import { createGrowingCache } from '../../growing-cache.ts'
import { type BrokerKey, cacheId, credentialId, sha256Hex } from './broker-key.ts'
import { type Fetched, isReusable, renewalTime } from './freshness.ts'
import { createHolds } from './holds.ts'
import { type Signal, until } from './until.ts'
import { DEFAULT_REST_MS, judge } from './upstream-failure.ts'

export type { BrokerKey } from './broker-key.ts'
export type { Fetched } from './freshness.ts'

export type BrokerOptions = {
  /** A claims challenge; without `badTokenHash` the token is meant that is cached without claims. */
  claims?: string
  /** Hexadecimal SHA-256 of a token that must never be served again. */
  badTokenHash?: string
  /** Version of the stored credential: a refused one is not tried again before it changes. */
  credentialVersion?: string
  /** Ends the wait of this caller, and of no other. */
  signal?: Signal
}

/** How a token is to be asked for. A fetch throws UpstreamFailure for an answer, GatewayError for anything it can name. */
export type Fetch = (how: { claims?: string; badTokenHash?: string; signal: AbortSignal }) => Promise<Fetched>

export type Brokered = Fetched & { source: 'cache' | 'identity_provider' }

export type Broker = {
  /** Throws `upstream_unavailable`, `upstream_refused`, what the fetch threw as GatewayError, or AbortError by `signal`. */
  get(key: BrokerKey, fetch: Fetch, options?: BrokerOptions): Promise<Brokered>
  status(): { tokens: number; inFlight: number; resting: number; broken: number }
}

export type BrokerDeps = {
  now(): number
  maxEntries?: number
  /** TRAP: an SDK's request may have no time limit; a lost one would be joined by everybody for good. */
  requestLimitMs?: number
  report?(event: string, detail: Record<string, unknown>): void
}

type Held = Fetched & { hash: string; renewAt: number }

type Wish = { id: string; plain: string; key: BrokerKey; fetch: Fetch; options: BrokerOptions }

const MAX_ENTRIES = 1_000
const REQUEST_LIMIT_MS = 15_000

/**
 * Cache of tokens that others issue (tokens.md "Broker cache"): one request at a time per key whatever the number of
 * waiters, a renewal in the background while the old token serves, and nothing asked while upstream wants rest. It decides
 * nothing: every caller's request has been decided and recorded before it comes here.
 */
export function createBroker({
  now,
  maxEntries = MAX_ENTRIES,
  requestLimitMs = REQUEST_LIMIT_MS,
  report = () => {},
}: BrokerDeps): Broker {
  const entries = createGrowingCache<Held>({ count: maxEntries })
  const challenged = createGrowingCache<true>({ count: maxEntries })
  const flights = new Map<string, Promise<Held>>()
  const holds = createHolds({ now, max: maxEntries })

  const challenge = (hash: string) => {
    challenged.set(hash, true)
    for (const [id, held] of entries.entries()) if (held.hash === hash) entries.delete(id)
  }

  const note = ({ id, plain, options: { claims, badTokenHash } }: Wish) => {
    if (badTokenHash !== undefined) return challenge(badTokenHash)
    // The same challenge again, of a request that ran beside the first: its answer is there or on its way.
    if (claims === undefined || entries.has(id) || flights.has(id)) return
    const refused = entries.get(plain)
    if (refused) challenge(refused.hash)
  }

  const keep = (fetched: Fetched, { id, plain, key, options }: Wish): Held => {
    if (!fetched.token || !(fetched.expiresAt > now()))
      throw new GatewayError('upstream_unavailable', 'upstream_garbage')
    const held = { ...fetched, hash: sha256Hex(fetched.token), renewAt: renewalTime(fetched, now()) }
    if (challenged.has(held.hash)) {
      throw new GatewayError('upstream_refused', 'upstream_challenged_token_again', { retryAfterSeconds: 5 })
    }
    holds.clear(id, credentialId(key))
    // Upstream may give the same token once more: it is not asked for each caller then.
    if (entries.get(id)?.hash === held.hash) {
      holds.rest(id, DEFAULT_REST_MS, new GatewayError('upstream_unavailable', 'upstream_same_token'))
    }
    entries.set(id, held)
    // A token that met the challenge serves also where none is made; else the challenged one would be asked for again.
    if (options.claims !== undefined && !entries.has(plain)) entries.set(plain, held)
    return held
  }

  const request = async (wish: Wish, background: boolean): Promise<Held> => {
    const { id, key, fetch } = wish
    const { claims, badTokenHash, credentialVersion: version } = wish.options
    try {
      const signal = AbortSignal.timeout(requestLimitMs)
      const how = {
        ...(claims !== undefined && { claims }),
        ...(badTokenHash !== undefined && { badTokenHash }),
        signal,
      }
      return keep(await until(signal, fetch(how)), wish)
    } catch (thrown) {
      const verdict = judge(thrown)
      holds.rest(id, Math.max(verdict.restMs, background ? DEFAULT_REST_MS : 0), verdict.error)
      if (verdict.credentialRefused) holds.refuse(id, { credential: credentialId(key), version, verdict })
      report('broker.failed', { identity: key.identity, resource: key.resource, reason: verdict.error.reason })
      throw verdict.error
    } finally {
      flights.delete(id)
    }
  }

  const start = (wish: Wish, background: boolean): Promise<Held> => {
    const { id, key, options } = wish
    const why = holds.why(id, credentialId(key), options.credentialVersion)
    if (why) return Promise.reject(why)
    // Through a microtask, so that a fetch that fails at once is not taken out of the map before it is in.
    const flight = Promise.resolve().then(() => request(wish, background))
    flights.set(id, flight)
    return flight
  }

  return {
    async get(key, fetch, options = {}) {
      const plain = cacheId(key)
      const wish = { id: cacheId(key, options.claims), plain, key, fetch, options }
      if (options.signal?.aborted) throw new DOMException('the caller has gone', 'AbortError')
      note(wish)
      const held = entries.get(wish.id)
      if (held && isReusable(held, now())) {
        if (now() >= held.renewAt && !flights.has(wish.id)) start(wish, true).catch(() => undefined)
        return { ...told(held), source: 'cache' }
      }
      const flight = flights.get(wish.id) ?? start(wish, false)
      return { ...told(await until(options.signal, flight)), source: 'identity_provider' }
    },
    status: () => ({ tokens: entries.size, inFlight: flights.size, ...holds.counts() }),
  }
}

const told = ({ token, expiresAt, renewAt }: Held): Fetched => ({
  token,
  expiresAt,
  ...(Number.isFinite(renewAt) && { refreshAt: renewAt }),
})
