import { createGrowingCache } from '../growing-cache.ts'
import type { KeyLocation } from './discovery.ts'
import type { FetchJson } from './fetch-json.ts'
import { fetchKeys } from './fetch-keys.ts'
import type { TrustedIssuer } from './issuer.ts'
import { createKeyReader, isWithin, type KeyReader } from './key-reader.ts'
import { LIMITS } from './limits.ts'
import { type Outage, type Refused, refused } from './refusal.ts'
import type { VerificationKey } from './verification-key.ts'

/** The keys cannot be had now; the caller may try again. */
export type Unavailable = { unavailable: Outage; retryAfterSeconds: number }

export type IssuerStatus = {
  /** `unread`: nobody asked within 24 h. `stale`: known keys serve, the issuer fails. */
  state: 'ok' | 'stale' | 'unavailable' | 'unread'
  ageSeconds?: number
}

export type IssuerKeys = Pick<KeyReader, 'freshen'> & {
  /** The key a token names. Never rejects. */
  find(kid: string): Promise<VerificationKey | Refused | Unavailable>
  /** Whether a key found earlier still counts: published at the last read, which is not too old. */
  vouchesFor(kid: string, key: VerificationKey): boolean
  status(): IssuerStatus
}

type Deps = { issuer: TrustedIssuer; location: KeyLocation; fetchJson: FetchJson; now(): number }

/** Keys of one issuer by kid. Unknown kids cause at most one read in 30 s, and one kid at most one a minute (T33). */
export function createIssuerKeys({ now, ...source }: Deps): IssuerKeys {
  const reader = createKeyReader({ fetchKeys: (before) => fetchKeys(source, before), now })
  const absent = createGrowingCache<number>({ count: LIMITS.absentKids })

  /** An unknown kid may be a key published a moment ago: worth a read, but not one per attacker's kid. */
  async function readForUnknown(kid: string): Promise<void> {
    const missingSince = absent.get(kid) ?? Number.NEGATIVE_INFINITY
    const tooSoon = reader.waitMs(LIMITS.unknownKidCooldownMs) > 0 || isWithin(missingSince, LIMITS.absentKidMs, now())
    if (reader.reading() || !tooSoon) await reader.read()
  }

  async function find(kid: string): Promise<VerificationKey | Refused | Unavailable> {
    await reader.freshen()
    if (reader.current()?.has(kid) === false) await readForUnknown(kid)
    const keys = reader.current()
    const key = keys?.get(kid)
    if (key) return key === 'unusable' ? refused('key_unusable') : key
    if (!keys || reader.failing()) return unavailable(reader, 'issuer_unreachable')
    if (keys.size === 0) return unavailable(reader, 'issuer_has_no_keys')
    absent.set(kid, reader.readAt())
    return refused('kid_unknown')
  }

  return {
    find,
    freshen: reader.freshen,
    vouchesFor: (kid, key) => reader.current()?.get(kid) === key,
    status: () => statusOf(reader, now()),
  }
}

/** With known keys only an unknown kid comes here, and waits for its next read; without any, a retry reads at once. */
function unavailable(reader: KeyReader, outage: Outage): Unavailable {
  const pauseMs = reader.pauseMs()
  const waitMs = reader.current() ? reader.waitMs(LIMITS.unknownKidCooldownMs) : 0
  const retryAfterSeconds = Math.max(1, Math.ceil(Math.max(pauseMs, waitMs) / 1_000))
  return { unavailable: pauseMs > 0 ? 'issuer_breaker_open' : outage, retryAfterSeconds }
}

function statusOf(reader: KeyReader, now: number): IssuerStatus {
  if (!reader.current()) return { state: reader.failing() ? 'unavailable' : 'unread' }
  const ageSeconds = Math.floor((now - reader.readAt()) / 1_000)
  return { state: reader.failing() ? 'stale' : 'ok', ageSeconds }
}
