import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { TrustedIssuer } from './issuer.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import type { TokenTimes } from './jwt-times.ts'
import { LIMITS } from './limits.ts'
import type { Identity } from './token-check.ts'
import type { VerificationKey } from './verification-key.ts'

/** A token whose signature was verified, with everything its validity hangs on. */
export type VerifiedToken = {
  identity: Identity
  /** The very document it was checked against. */
  issuer: TrustedIssuer
  iss: string
  times: TokenTimes
  kid: string
  key: VerificationKey
  keys: IssuerKeys
}

export type TokenCache = {
  recall(token: string): VerifiedToken | undefined
  remember(token: string, verified: VerifiedToken): void
  forget(token: string): void
  size(): number
}

/**
 * Keyed by SHA-256 of the text, so that no credential is kept. It only saves work: one token has several texts (F2), so
 * replay and revocation key on `tokenId`, never on this. Bounded by count and size; evicted means verified again (T34).
 */
export function createTokenCache(): TokenCache {
  const tokens = new LRUCache<string, VerifiedToken>({
    max: LIMITS.cachedTokens,
    maxSize: LIMITS.cachedTokenCharacters,
  })
  const keyOf = (token: string) => hash('sha256', token, 'binary')
  return {
    recall: (token) => tokens.get(keyOf(token)),
    remember: (token, verified) => void tokens.set(keyOf(token), verified, { size: token.length }),
    forget: (token) => void tokens.delete(keyOf(token)),
    size: () => tokens.size,
  }
}
