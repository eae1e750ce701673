import type { CryptoKey } from 'jose'
import type { JwtAlgorithm } from './issuer.ts'
import type { IssuerKey } from './jwk.ts'

export type VerificationKey = {
  algorithm: JwtAlgorithm
  /** Equal for equal keys. */
  fingerprint: string
  /** Imported at the first use; `undefined` when the numbers are no key. Never rejects. */
  load(): Promise<CryptoKey | undefined>
}

export function createVerificationKey({ algorithm, jwk }: IssuerKey): VerificationKey {
  let loaded: Promise<CryptoKey | undefined> | undefined
  return {
    algorithm,
    fingerprint: JSON.stringify([algorithm, jwk]),
    load: () => {
      loaded ??= importKey({ algorithm, jwk }).catch(() => undefined)
      return loaded
    },
  }
}

async function importKey({ algorithm, jwk }: Pick<IssuerKey, 'algorithm' | 'jwk'>): Promise<CryptoKey | undefined> {
  const { importJWK } = await import('jose/key/import')
  const key = await importJWK(jwk, algorithm)
  return key instanceof Uint8Array ? undefined : key
}
