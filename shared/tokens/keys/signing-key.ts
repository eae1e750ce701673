import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { CryptoKey, JWK } from 'jose'
import { Secret } from '../../secrets/secret.ts'
import type { SigningAlgorithm } from './key-names.ts'

/** A key pair as the gateway uses it: the private half cannot be exported, the public half is what a JWKS may say. */
export type SigningKey = {
  alg: SigningAlgorithm
  /** RFC 7638 thumbprint, SHA-256. */
  kid: string
  publicJwk: JWK
  privateKey: CryptoKey
}

/** 0.6 ms a signature; 3,072 bits would cost three times that and still end with the first quantum computer. */
const RSA_BITS = 2_048
const RSA_MIN_EXPONENT = 65_537n

/** Makes a PKCS#8 PEM key in the thread pool. It exists nowhere else until the vault has it. */
export async function generateSigningSecret(alg: SigningAlgorithm): Promise<Secret> {
  const generate = promisify(generateKeyPair)
  const { privateKey } =
    alg === 'ES256' ? await generate('ec', { namedCurve: 'P-256' }) : await generate('rsa', { modulusLength: RSA_BITS })
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
}

/** Imports a PKCS#8 PEM secret; undefined when it is not a key of that algorithm (wrong curve, short or odd RSA, no key). */
export async function importSigningKey(alg: SigningAlgorithm, secret: Secret): Promise<SigningKey | undefined> {
  const { calculateJwkThumbprint, importPKCS8 } = await import('jose')
  try {
    const publicJwk = secret.within((pem) => publicPart(alg, createPrivateKey(pem)))
    if (!publicJwk) return undefined
    const kid = await calculateJwkThumbprint(publicJwk)
    const privateKey = await secret.within((pem) => importPKCS8(pem, alg, { extractable: false }))
    return { alg, kid, publicJwk: { ...publicJwk, kid, alg, use: 'sig' }, privateKey }
  } catch {
    // Whatever OpenSSL says about the text stays here: it may quote it.
    return undefined
  }
}

/** RFC 8725 §3.1, §3.5: one algorithm for a key, and none that is weak. */
function publicPart(alg: SigningAlgorithm, key: KeyObject): JWK | undefined {
  const { namedCurve, modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  const fits =
    alg === 'ES256'
      ? key.asymmetricKeyType === 'ec' && namedCurve === 'prime256v1'
      : key.asymmetricKeyType === 'rsa' && modulusLength >= RSA_BITS && publicExponent >= RSA_MIN_EXPONENT
  return fits ? (createPublicKey(key).export({ format: 'jwk' }) as JWK) : undefined
}
