import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'

/** Keys that an issuer publishes; undefined when it cannot be reached. */
export type IssuerKeys = (issuer: string) => Promise<JSONWebKeySet | undefined>

export type Expected = {
  /** `loopback` = any issuer at http://127.0.0.1. */
  issuer: string
  audiences: readonly string[]
  /** Uploaded keys; else the issuer's discovery document counts. */
  jwks?: unknown
}

export type OutsideTokenDeps = { issuerKeys: IssuerKeys; now(): number }

/** Why a token of an outside issuer is refused; each cloud has its own words for it. */
export class TokenFault extends Error {
  readonly fault: 'malformed' | 'issuer' | 'audience' | 'expired' | 'signature' | 'unreachable'

  constructor(fault: TokenFault['fault']) {
    super(fault)
    this.fault = fault
  }
}

/** Both clouds check an outside issuer's ID token so: issuer, audience, signature, times; `sub` and `iat` must be there. */
export async function verifyOutsideToken(
  token: string,
  { issuer, audiences, jwks }: Expected,
  { issuerKeys, now }: OutsideTokenDeps,
): Promise<JWTPayload & { sub: string }> {
  const claims = decoded(token)
  const { iss = '', aud } = claims
  const isTrusted = issuer === 'loopback' ? LOOPBACK.test(iss) : iss === issuer
  if (!isTrusted) throw new TokenFault('issuer')
  if (typeof aud !== 'string' || !audiences.includes(aud)) throw new TokenFault('audience')
  const keys = (jwks as JSONWebKeySet | undefined) ?? (await issuerKeys(iss))
  if (!keys) throw new TokenFault('unreachable')
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
      algorithms: ['RS256', 'ES256'],
      requiredClaims: ['exp', 'iat', 'sub'],
      currentDate: new Date(now()),
    })
    return payload as JWTPayload & { sub: string }
  } catch (error) {
    throw new TokenFault((error as { code?: string }).code === 'ERR_JWT_EXPIRED' ? 'expired' : 'signature')
  }
}

const LOOPBACK = /^http:\/\/127\.0\.0\.1:\d{1,5}$/

function decoded(token: string): JWTPayload {
  try {
    return decodeJwt(token)
  } catch {
    throw new TokenFault('malformed')
  }
}
