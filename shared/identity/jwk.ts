import type { JwtAlgorithm, TrustedIssuer } from './issuer.ts'
import { isJsonObject, type JsonObject } from './jwt.ts'
import { KID } from './jwt-header.ts'
import { LIMITS } from './limits.ts'

/** Public members alone, so that whatever else a key set holds is never imported. */
export type PublicJwk =
  | { kty: 'RSA'; n: string; e: string }
  | { kty: 'EC'; crv: string; x: string; y: string }
  | { kty: 'OKP'; crv: string; x: string }

/** A published key bound to exactly one algorithm (RFC 8725 §3.1). */
export type IssuerKey = { kid: string; algorithm: JwtAlgorithm; jwk: PublicJwk }

/** `issuers`: what a key's own `issuer` member may say, where the issuer writes one (Entra). */
export type KeyRules = { algorithms: TrustedIssuer['algorithms']; issuers?: readonly string[] }

/**
 * Reads one member of a JWK set. `undefined`: no key a token could name (no or odd `kid`). `unusable`: published, but
 * weak, malformed, private, for another use, algorithm or issuer.
 */
export function readJwk(value: unknown, rules: KeyRules): IssuerKey | { kid: string; unusable: true } | undefined {
  if (!isJsonObject(value)) return undefined
  const kid = value['kid']
  if (typeof kid !== 'string' || !KID.test(kid)) return undefined
  const jwk = isForUs(value, rules) ? publicPart(value) : undefined
  const algorithm = jwk && bind(jwk, value['alg'], rules.algorithms)
  return algorithm ? { kid, algorithm, jwk } : { kid, unusable: true }
}

/** A key whose private part is published proves nothing. */
function isForUs(jwk: JsonObject, { issuers }: KeyRules): boolean {
  const { use, key_ops: operations, issuer } = jwk
  if (Object.hasOwn(jwk, 'd') || Object.hasOwn(jwk, 'k')) return false
  if (use !== undefined && use !== 'sig') return false
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return false
  return issuer === undefined || issuers === undefined || issuers.includes(String(issuer))
}

function publicPart({ kty, crv, n, e, x, y }: JsonObject): PublicJwk | undefined {
  if (kty === 'RSA' && isStrongRsa(n, e)) return { kty, n: String(n), e: String(e) }
  if (kty === 'EC' && typeof crv === 'string' && typeof x === 'string' && typeof y === 'string')
    return { kty, crv, x, y }
  if (kty === 'OKP' && typeof crv === 'string' && typeof x === 'string') return { kty, crv, x }
  return undefined
}

/** The verifier takes e = 1, with which every text is its own signature (measured). */
function isStrongRsa(n: unknown, e: unknown): boolean {
  if (typeof n !== 'string' || typeof e !== 'string') return false
  const bits = bitLength(Buffer.from(n, 'base64url'))
  const exponent = Buffer.from(e, 'base64url')
  if (exponent.length === 0 || exponent.length > 4) return false
  const value = exponent.readUIntBE(0, exponent.length)
  const strong = bits >= LIMITS.minRsaBits && bits <= LIMITS.maxRsaBits
  return strong && value >= LIMITS.minRsaExponent && value <= LIMITS.maxRsaExponent && value % 2 === 1
}

function bitLength(bytes: Buffer): number {
  const first = bytes.findIndex((byte) => byte !== 0)
  return first < 0 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
}

/**
 * The one algorithm of a key: the one it names, else the first of the issuer's list that fits (Entra names none). So an
 * RSA key never verifies both RS256 and PS256.
 */
function bind(jwk: PublicJwk, named: unknown, allowed: readonly JwtAlgorithm[]): JwtAlgorithm | undefined {
  const fitting = allowed.filter((algorithm) => fits(algorithm, jwk))
  return named === undefined ? fitting[0] : fitting.find((algorithm) => algorithm === named)
}

function fits(algorithm: JwtAlgorithm, jwk: PublicJwk): boolean {
  if (jwk.kty === 'RSA') return algorithm.startsWith('RS') || algorithm.startsWith('PS')
  return CURVES[algorithm] === jwk.crv
}

const CURVES: Partial<Record<JwtAlgorithm, string>> = { ES256: 'P-256', ES384: 'P-384', EdDSA: 'Ed25519' }
