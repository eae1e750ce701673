import { hash } from 'node:crypto'
import { createGrowingCache } from '../growing-cache.ts'
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
  const tokens = createGrowingCache<{ verified: VerifiedToken; characters: number }>({
    count: LIMITS.cachedTokens,
    size: LIMITS.cachedTokenCharacters,
    sizeOf: ({ characters }) => characters,
  })
  const keyOf = (token: string) => hash('sha256', token, 'binary')
  return {
    recall: (token) => tokens.get(keyOf(token))?.verified,
    remember: (token, verified) => void tokens.set(keyOf(token), { verified, characters: token.length }),
    forget: (token) => void tokens.delete(keyOf(token)),
    size: () => tokens.size,
  }
}
