import { isJsonObject, parseJwt } from '../identity/jwt.ts'
import { isRefused } from '../identity/refusal.ts'
import type { KeyRing } from '../tokens/keys/key-ring.ts'
import { verifyOwn } from '../tokens/keys/verify-own.ts'
import type { AccessContext } from './access-context.ts'

/** Keeps it apart from access tokens and from every other kind (RFC 8725 §3.11). */
const CREDENTIAL_TYP = 'grant+jwt'

/** Grants from the root's own to the presented one, both included (T14). */
export const MAX_CHAIN = 4

/** What a credential says. It proves that we said it once; whether it still counts is read in storage. */
export type Credential = {
  id: string
  chain: readonly string[]
  sha: string
  generation: number
  /** Milliseconds. */
  expiresAt: number
  boundTo?: string
}

export type CredentialDeps = { issuer: string; keys: Pick<KeyRing, 'jwks' | 'signer'>; now: () => number }

/** `grant_credential_malformed` stands for every JWT of that type that we did not sign as it is. */
export type CredentialRefusal = 'grant_credential_malformed' | 'grant_expired'

export type Credentials = {
  /** Signs the credential of the grant's present generation. Throws `keys_unavailable`. */
  sign(context: AccessContext): Promise<string>
  /** `ended`: one that has ended is read too. */
  read(token: string, allow?: { ended: true }): Promise<Credential | CredentialRefusal>
}

export function createCredentials({ issuer, keys, now }: CredentialDeps): Credentials {
  return {
    async sign({ terms, status, sha }) {
      const { id, chain, principal, boundTo } = terms
      const signer = await keys.signer('ES256')
      const claims = {
        ...{ iss: issuer, aud: issuer, sub: principal, jti: id },
        ...{ iat: Math.floor(now() / 1_000), exp: status.expiresAt / 1_000 },
        ...{ gen: status.generation, sha, chain: [...chain] },
        ...(boundTo !== undefined && { cnf: { jkt: boundTo } }),
      }
      return signer.sign(claims, CREDENTIAL_TYP)
    },
    async read(token, allow) {
      const jwt = parseJwt(token)
      if (isRefused(jwt) || jwt.header['typ'] !== CREDENTIAL_TYP) return 'grant_credential_malformed'
      const { iss, aud, jti, exp, gen, sha, chain, cnf } = jwt.payload
      if (iss !== issuer || aud !== issuer) return 'grant_credential_malformed'
      if (!(await verifyOwn(token, jwt, keys))) return 'grant_credential_malformed'
      const expiresAt = Number(exp) * 1_000
      // No leeway: these times are of our own clocks (T28, T39).
      if (!(expiresAt > now()) && !allow?.ended) return 'grant_expired'
      const said = { id: jti, chain, sha, generation: gen, expiresAt } as Credential
      return { ...said, ...(isJsonObject(cnf) && { boundTo: String(cnf['jkt']) }) }
    },
  }
}

/** Whether the header of a token says that it is a grant's credential; nothing is trusted yet, and other tokens cost nothing. */
export function isCredential(token: string): boolean {
  const end = token.indexOf('.')
  if (end < 0 || end > 512) return false
  const header = token.slice(0, end)
  if (header !== seen.header) {
    seen = { header, answer: Buffer.from(header, 'base64url').includes(`"${CREDENTIAL_TYP}"`) }
  }
  return seen.answer
}

/** Tokens that one key signed begin with the same text. */
let seen = { header: '', answer: false }
