import { type JsonObject, parseJwt } from '../identity/jwt.ts'
import { LIMITS } from '../identity/limits.ts'
import { isRefused } from '../identity/refusal.ts'
import type { KeyRing } from './keys/key-ring.ts'
import { verifyOwn } from './keys/verify-own.ts'
import type { Once } from './once.ts'

/** What we sign; `typ` keeps the kinds apart (RFC 8725 §3.11). */
export type OwnTyp = 'at+jwt' | 'subject+jwt' | 'probe+jwt'

/** Claims of a token of ours whose signature and times hold. */
export type OwnToken = {
  /** As signed, for what is not named here. */
  claims: Readonly<JsonObject>
  iss: string
  /** Principal id: whom it speaks about. */
  sub: string
  jti: string
  /** Name of the target it was issued for. */
  target: string
  /** Milliseconds. */
  expiresAt: number
}

/** Methods throw `keys_unavailable` or `storage_unavailable` when nobody can tell. */
export type OwnTokens = {
  /** What the token says, if we signed it, it is exactly of this kind and has not ended; undefined for everything else. Revocation is asked apart. */
  read(token: string, typ: OwnTyp): Promise<OwnToken | undefined>
  /** Read in storage each time: a revocation holds on every instance at once (T22). */
  isRevoked(token: Pick<OwnToken, 'iss' | 'jti' | 'expiresAt'>): Promise<boolean>
  /** For good; a second time changes nothing. */
  revoke(token: Pick<OwnToken, 'iss' | 'jti' | 'expiresAt'>): Promise<void>
}

export type OwnTokensDeps = { issuer: string; keys: Pick<KeyRing, 'jwks'>; once: Once; now: () => number }

/** Tokens of ours that come back. Keys that retire count, as long as they are published. */
export function createOwnTokens({ issuer, keys, once, now }: OwnTokensDeps): OwnTokens {
  return {
    async read(token, typ) {
      if (!mayBe(token, typ)) return undefined
      const jwt = parseJwt(token)
      if (isRefused(jwt) || jwt.header['typ'] !== typ || jwt.payload['iss'] !== issuer) return undefined
      if (!(await verifyOwn(token, jwt, keys))) return undefined
      const own = readClaims(jwt.payload)
      // No leeway: these times are of our own clocks (T28).
      return own && own.expiresAt > now() ? own : undefined
    },
    isRevoked: (token) => once.has(revocation(token)),
    async revoke(token) {
      await once.claim({ ...revocation(token), expiresAt: token.expiresAt })
    },
  }
}

/** Spares the callers' own tokens, which are far more, the whole parse. Nothing rests on it: what passes is parsed strictly. */
function mayBe(token: string, typ: OwnTyp): boolean {
  if (token.length > LIMITS.maxTokenBytes) return false
  const header = Buffer.from(token.slice(0, Math.max(0, token.indexOf('.'))), 'base64url').toString()
  return header.includes(typ) || header.includes('\\')
}

/** By id, never by text: one token may have several texts (F2). */
const revocation = ({ iss, jti, expiresAt }: Pick<OwnToken, 'iss' | 'jti' | 'expiresAt'>) =>
  ({ kind: 'revoked', names: [iss, jti], filedUnder: expiresAt }) as const

function readClaims(claims: JsonObject): OwnToken | undefined {
  const { iss, sub, jti, target, exp } = claims
  if (![iss, sub, jti, target].every((value) => typeof value === 'string') || typeof exp !== 'number') return undefined
  return { claims, iss, sub, jti, target, expiresAt: exp * 1_000 } as OwnToken
}
