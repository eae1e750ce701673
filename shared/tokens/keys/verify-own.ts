import type { JWK } from 'jose'
import type { Jwt } from '../../identity/jwt.ts'
import type { KeyRing } from './key-ring.ts'

/**
 * Whether the parsed token is signed by a key that we publish, those that retire included, under the key's own algorithm. Says
 * nothing of kind, audience or times. Throws `keys_unavailable`.
 */
export async function verifyOwn(token: string, { header }: Jwt, keys: Pick<KeyRing, 'jwks'>): Promise<boolean> {
  const { keys: published } = await keys.jwks()
  const key = published.find(({ kid, alg }) => kid === header['kid'] && alg === header['alg'])
  return key !== undefined && verifies(token, key)
}

async function verifies(token: string, key: JWK): Promise<boolean> {
  const { compactVerify, importJWK } = await import('jose')
  const { alg = '' } = key
  const imported = await importJWK(key, alg)
  return compactVerify(token, imported, { algorithms: [alg] }).then(
    () => true,
    () => false,
  )
}
