import type { JwtAlgorithm, TrustedIssuer } from './issuer.ts'
import { LIMITS } from './limits.ts'
import type { Refusal } from './refusal.ts'
import type { VerificationKey } from './verification-key.ts'

type Signed = { token: string; key: VerificationKey; issuer: TrustedIssuer; now: number }

export type SignatureCheck = (signed: Signed) => Promise<Refusal | undefined>

/** RFC 7518 §3.3 to §3.5, RFC 8037: as jose calls WebCrypto. The hash of an RSA key was bound to it when it was imported. */
const WAYS = {
  RS256: { name: 'RSASSA-PKCS1-v1_5' },
  RS384: { name: 'RSASSA-PKCS1-v1_5' },
  RS512: { name: 'RSASSA-PKCS1-v1_5' },
  PS256: { name: 'RSA-PSS', saltLength: 32 },
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384' },
  EdDSA: { name: 'Ed25519' },
} as const satisfies Record<JwtAlgorithm, object>

/**
 * Verifies the signature of a token of the strict shape (parseJwt) by the key's one algorithm. Algorithm, issuer, audience,
 * times and required claims are pinned here a second time, out of a reading of its own: a slip in our own rules must not be
 * enough. jose's `jwtVerify` does the same for 30 µs more of the one thread (docs/performance.md); a test holds both together.
 */
export function createSignatureCheck(): SignatureCheck {
  return async ({ token, key, issuer, now }) => {
    const loaded = await key.load()
    if (!loaded) return 'key_unusable'
    const end = token.lastIndexOf('.')
    const signed = Buffer.from(token.slice(0, end))
    const signature = Buffer.from(token.slice(end + 1), 'base64url')
    try {
      const genuine = await crypto.subtle.verify(WAYS[key.algorithm], loaded, signature, signed)
      return genuine && isPinned({ token, key, issuer, now }) ? undefined : 'signature_invalid'
    } catch {
      // Whatever the parsers say may quote claims (F4).
      return 'signature_invalid'
    }
  }
}

function isPinned({ token, key, issuer, now }: Signed): boolean {
  const [header, claims] = token.split('.', 2).map(readPart)
  if (!header || !claims || header['alg'] !== key.algorithm || Object.hasOwn(header, 'crit')) return false
  if (!['iss', 'sub', 'aud', 'exp', 'iat'].every((name) => Object.hasOwn(claims, name))) return false
  const { iss, aud, exp, iat, nbf = 0 } = claims
  const audiences: unknown[] = Array.isArray(aud) ? aud : [aud]
  if (iss !== issuer.issuer || !audiences.some((each) => issuer.audiences.some((ours) => ours === each))) return false
  if (typeof exp !== 'number' || typeof iat !== 'number' || typeof nbf !== 'number') return false
  const seconds = Math.floor(now / 1_000)
  return exp > seconds - LIMITS.leewaySeconds && nbf <= seconds + LIMITS.leewaySeconds
}

const readPart = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString())
