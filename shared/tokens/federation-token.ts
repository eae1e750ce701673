import { randomUUID } from 'node:crypto'
import type { KeyRing } from './keys/key-ring.ts'

/** Clouds reject what lives long; the token is used at once. */
const LIFETIME_SECONDS = 300

/**
 * What another cloud's token service is shown: an ID token of ours for that service alone. INVARIANT: `aud` is never ours
 * and `typ` is neither of our own kinds, so it opens no door here; `sub` is `scope:<target>`, so what the other cloud trusts
 * is one target, whoever may use it (T21). RS256, which every cloud takes.
 */
export type FederationTokens = (wanted: { audience: string; target: string }) => Promise<string>

export type FederationDeps = { keys: Pick<KeyRing, 'signer'>; issuer: string; now(): number }

/** Throws `keys_unavailable`. */
export function createFederationTokens({ keys, issuer, now }: FederationDeps): FederationTokens {
  return async ({ audience, target }) => {
    const signer = await keys.signer('RS256')
    const iat = Math.floor(now() / 1_000)
    const times = { iat, nbf: iat, exp: iat + LIFETIME_SECONDS }
    return signer.sign({ iss: issuer, sub: `scope:${target}`, aud: audience, ...times, jti: randomUUID() }, 'JWT')
  }
}
