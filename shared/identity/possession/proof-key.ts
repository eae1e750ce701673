import type { CryptoKey } from 'jose'
import type { JwtAlgorithm } from '../issuer.ts'
import { readJwk } from '../jwk.ts'
import { isJsonObject } from '../jwt.ts'
import { createVerificationKey } from '../verification-key.ts'

/** What a proof may be signed with: asymmetric, one hash for each kind of key (RFC 8725 §3.1). */
export const PROOF_ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'RS256', 'PS256'] as const satisfies readonly JwtAlgorithm[]

export type ProofKey = {
  key: CryptoKey
  /** RFC 7638, SHA-256: what `cnf.jkt` says. */
  thumbprint: string
}

/** Members that only a private or a symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4.1). */
const PRIVATE = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** A proof names no key: it brings one. */
const SOME_KID = 'proof'

/**
 * The key in a proof's header, under the rules that hold for every issuer's keys (RSA ≥ 2,048 bits, sane exponent, one
 * algorithm, for signing). `private` = it gives its holder's secret away (RFC 9449 §4.3, check 7).
 */
export async function readProofKey(jwk: unknown, alg: JwtAlgorithm): Promise<ProofKey | 'private' | 'unusable'> {
  if (!isJsonObject(jwk)) return 'unusable'
  if (PRIVATE.some((name) => Object.hasOwn(jwk, name))) return 'private'
  const read = readJwk({ ...jwk, kid: SOME_KID }, { algorithms: [alg] })
  if (!read || 'unusable' in read) return 'unusable'
  const key = await createVerificationKey(read).load()
  if (!key) return 'unusable'
  const { calculateJwkThumbprint } = await import('jose/jwk/thumbprint')
  return { key, thumbprint: await calculateJwkThumbprint(read.jwk) }
}
