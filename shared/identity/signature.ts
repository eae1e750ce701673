import type { TrustedIssuer } from './issuer.ts'
import { LIMITS } from './limits.ts'
import type { Refusal } from './refusal.ts'
import type { VerificationKey } from './verification-key.ts'

type Signed = { token: string; key: VerificationKey; issuer: TrustedIssuer; now: number }

/**
 * Verifies the signature by the key's one algorithm. Issuer, audience, times and required claims are pinned here a second
 * time: a slip in our own rules must not be enough. The error is dropped, it carries every claim (F4).
 */
export async function checkSignature({ token, key, issuer, now }: Signed): Promise<Refusal | undefined> {
  const [{ jwtVerify }, loaded] = await Promise.all([import('jose/jwt/verify'), key.load()])
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
