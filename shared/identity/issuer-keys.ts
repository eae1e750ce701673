import { LRUCache } from 'lru-cache'
import { createBreaker } from './breaker.ts'
import { type KeyLocation, readJwksUri } from './discovery.ts'
import type { FetchJson } from './fetch-json.ts'
import type { TrustedIssuer } from './issuer.ts'
import { type KeySet, readKeySet } from './key-set.ts'
import { LIMITS } from './limits.ts'
import { type Outage, type Refused, refused } from './refusal.ts'
import type { VerificationKey } from './verification-key.ts'

/** The keys cannot be had now; the caller may try again. */
export type Unavailable = { unavailable: Outage; retryAfterSeconds: number }

export type IssuerKeys = {
  /** The key a token names. Never rejects. */
  find(kid: string): Promise<VerificationKey | Refused | Unavailable>
  /** Whether a key found earlier still counts: published at the last read, which is not too old. */
  vouchesFor(kid: string, key: VerificationKey): boolean
  /** Starts what is due; resolves once the keys are as fresh as they can be had. Never rejects. */
  freshen(): Promise<void> | undefined
  status(): { state: 'ok' | 'stale' | 'unavailable' | 'unread'; ageSeconds?: number }
}

type Deps = { issuer: TrustedIssuer; location: KeyLocation; fetchJson: FetchJson; now(): number }

/**
 * The key set of one issuer (T33): one read at a time however many wait; hourly in the background; known keys outlive an
 * outage by 24 h; unknown key ids cause at most one read in 30 s; three failures pause all reading.
 */
export function createIssuerKeys({ issuer, location, fetchJson, now }: Deps): IssuerKeys {
  const breaker = createBreaker()
  const absent = new LRUCache<string, number>({ max: LIMITS.absentKids })
  let keys: KeySet | undefined
  let readAt = 0
  let triedAt = Number.NEGATIVE_INFINITY
  let failing = false
  let reading: Promise<void> | undefined

  const within = (since: number, ms: number) => {
    const age = now() - since
    // A clock that was set back makes everything due, nothing eternal.
    return age >= 0 && age < ms
  }
  const known = () => (keys && within(readAt, LIMITS.staleIfErrorMs) ? keys : undefined)

  const read = (): Promise<void> => {
    reading ??= readOnce().finally(() => {
      reading = undefined
    })
    return reading
  }

  async function readOnce(): Promise<void> {
    triedAt = now()
    const fresh = await fetchKeys({ issuer, location, fetchJson }, keys)
    failing = !fresh
    if (!fresh) return breaker.failed(now())
    breaker.succeeded()
    keys = fresh
    readAt = now()
  }

  function freshen(): Promise<void> | undefined {
    if (known() && within(readAt, LIMITS.refreshAfterMs)) return undefined
    if (!reading && !breaker.allows(now())) return undefined
    const done = read()
    return known() && within(readAt, LIMITS.waitForRefreshAfterMs) ? undefined : done
  }

  /** An unknown kid may be a key published a moment ago: worth a read, but not one per attacker's kid. */
  async function readForUnknown(kid: string): Promise<void> {
    if (reading) return reading
    if (cooldownMs() > 0 || within(absent.get(kid) ?? Number.NEGATIVE_INFINITY, LIMITS.absentKidMs)) return
    if (breaker.allows(now())) await read()
  }

  const cooldownMs = () => {
    const age = now() - triedAt
    return age >= 0 ? Math.max(0, LIMITS.unknownKidCooldownMs - age) : 0
  }

  const unavailable = (outage: Outage, waitMs: number): Unavailable => {
    const pauseMs = breaker.pauseMs(now())
    const retryAfterSeconds = Math.max(1, Math.ceil(Math.max(pauseMs, waitMs) / 1_000))
    return { unavailable: pauseMs > 0 ? 'issuer_breaker_open' : outage, retryAfterSeconds }
  }

  return {
    freshen,
    async find(kid) {
      await freshen()
      if (known()?.has(kid) === false) await readForUnknown(kid)
      const current = known()
      if (!current) return unavailable('issuer_unreachable', 0)
      const key = current.get(kid)
      if (key) return key === 'unusable' ? refused('key_unusable') : key
      if (failing) return unavailable('issuer_unreachable', cooldownMs())
      if (current.size === 0) return unavailable('issuer_has_no_keys', cooldownMs())
      absent.set(kid, readAt)
      return refused('kid_unknown')
    },
    vouchesFor: (kid, key) => known()?.get(kid) === key,
    status: () => {
      if (!keys) return { state: failing ? 'unavailable' : 'unread' }
      const ageSeconds = Math.floor((now() - readAt) / 1_000)
      return { state: known() ? (failing ? 'stale' : 'ok') : 'unavailable', ageSeconds }
    },
  }
}

/** Discovery, then the set. `undefined` for whatever went wrong: unreachable, oversized, not JSON, not this issuer's. */
async function fetchKeys(
  { issuer, location, fetchJson }: Omit<Deps, 'now'>,
  before: KeySet | undefined,
): Promise<KeySet | undefined> {
  const limits = { maxBytes: LIMITS.maxDocumentBytes, timeoutMs: LIMITS.fetchTimeoutMs }
  const { discovery, jwksUri, keyIssuers } = location
  try {
    const uri = jwksUri ?? (discovery && readJwksUri(await fetchJson(discovery, limits), issuer.issuer, location))
    if (!uri) return undefined
    const rules = { algorithms: issuer.algorithms, ...(keyIssuers && { issuers: keyIssuers }) }
    return readKeySet(await fetchJson(uri, limits), rules, before)
  } catch {
    return undefined
  }
}
