import type { TrustedIssuer } from './issuer.ts'
import { LIMITS } from './limits.ts'
import type { Refusal } from './refusal.ts'
import type { VerificationKey } from './verification-key.ts'

type Signed = { token: string; key: VerificationKey; issuer: TrustedIssuer; now: number }

export type SignatureCheck = (signed: Signed) => Promise<Refusal | undefined>

/**
 * Verifies signatures by the key's one algorithm. Issuer, audience, times and required claims are pinned here a second
 * time: a slip in our own rules must not be enough. The error is dropped, it carries every claim (F4).
 */
export function createSignatureCheck(): SignatureCheck {
  let library: Promise<typeof import('jose/jwt/verify')> | undefined
  return async ({ token, key, issuer, now }) => {
    library ??= import('jose/jwt/verify')
    const [{ jwtVerify }, loaded] = await Promise.all([library, key.load()])
    if (!loaded) return 'key_unusable'
    try {
      await jwtVerify(token, loaded, {
        algorithms: [key.algorithm],
        issuer: issuer.issuer,
        audience: [...issuer.audiences],
        requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
        currentDate: new Date(now),
        clockTolerance: LIMITS.leewaySeconds,
      })
      return undefined
    } catch {
      return 'signature_invalid'
    }
  }
}
