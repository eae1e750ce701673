import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'

/** A client's key for DPoP proofs; `thumbprint` is what `cnf.jkt` must say. */
export type ProofKey = {
  alg: 'ES256' | 'RS256' | 'PS256' | 'EdDSA'
  privateKey: KeyObject
  jwk: JWK
  thumbprint: string
}

const MADE = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  EdDSA: () => generateKeyPairSync('ed25519'),
}

export async function proofKey(alg: ProofKey['alg'] = 'ES256'): Promise<ProofKey> {
  return proofKeyOf(alg, MADE[alg]())
}

export async function proofKeyOf(
  alg: ProofKey['alg'],
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
): Promise<ProofKey> {
  const jwk = publicKey.export({ format: 'jwk' }) as JWK
  return { alg, privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) }
}

export const athOf = (token: string) => createHash('sha256').update(token).digest('base64url')

type Claims = Record<string, unknown>

/** A proof made by hand with node:crypto, so that every malformed one can be made too; undefined members are left out. */
export function proofOf(key: ProofKey, claims: Claims, header: Claims = {}): string {
  return signProof(key, { typ: 'dpop+jwt', alg: key.alg, jwk: key.jwk, ...header }, { jti: randomUUID(), ...claims })
}

/** Strings go in as they are. */
export function signProof(key: ProofKey, header: Claims | string, claims: Claims | string): string {
  const part = (value: Claims | string) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
  const input = `${part(header)}.${part(claims)}`
  return `${input}.${signature(key, input).toString('base64url')}`
}

function signature({ alg, privateKey }: ProofKey, input: string): Buffer {
  const data = Buffer.from(input)
  if (alg === 'EdDSA') return sign(null, data, privateKey)
  if (alg === 'PS256') return sign('sha256', data, { key: privateKey, padding: 6, saltLength: 32 })
  return sign('sha256', data, { key: privateKey, ...(alg === 'ES256' && { dsaEncoding: 'ieee-p1363' as const }) })
}
