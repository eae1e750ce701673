import { join } from 'node:path'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { z } from 'zod'
import { readJsonFile, writeAtomically } from '../atomic-file.ts'

export const KEY_ALGORITHMS = ['RS256', 'ES256', 'EdDSA'] as const
export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number]

const StoredKey = z.object({
  alg: z.enum(KEY_ALGORITHMS),
  kid: z.string(),
  state: z.enum(['current', 'previous']),
  jwk: z.record(z.string(), z.unknown()),
})
type StoredKey = z.infer<typeof StoredKey>

export type KeyStore = {
  /** Signs with the realm's key of this algorithm; makes one when there is none. */
  sign(realm: string, token: Unsigned): Promise<string>
  /** What the realm publishes: per algorithm the current key and the one before. */
  published(realm: string): Promise<JWK[]>
  /** New current keys; the ones before stay published, those before them go. */
  rollOver(realm: string): Promise<void>
}

export type Unsigned = {
  claims: Record<string, unknown>
  header?: Record<string, unknown>
  alg?: KeyAlgorithm
  /** `previous` = the published key before the last rollover, `unpublished` = one that nobody can look up. */
  key?: 'current' | 'previous' | 'unpublished'
}

/**
 * Signing keys by realm (a tenant id, or `oidc-<name>`), one file each, so that tokens stay valid over a restart.
 * The real Entra shares its keys between tenants; a realm of its own lets a test roll over without touching others.
 */
export function createKeyStore(folder: string): KeyStore {
  const realms = new Map<string, Promise<StoredKey[]>>()
  const imported = new Map<string, Promise<CryptoKey>>()

  const path = (realm: string) => join(folder, `${realm}.json`)

  const load = (realm: string): Promise<StoredKey[]> => {
    const known = realms.get(realm)
    if (known) return known
    const loading = readRealm(path(realm))
    realms.set(realm, loading)
    loading.catch(() => realms.delete(realm))
    return loading
  }

  /** Changes of one realm run one after the other: each waits for the promise it replaces. */
  const change = (realm: string, alter: (keys: StoredKey[]) => Promise<StoredKey[]>): Promise<StoredKey[]> => {
    const changed = load(realm).then(async (keys) => {
      const next = await alter(keys)
      if (next !== keys) await writeAtomically(path(realm), JSON.stringify(next))
      return next
    })
    realms.set(realm, changed)
    changed.catch(() => realms.delete(realm))
    return changed
  }

  const withKey = (realm: string, alg: KeyAlgorithm) =>
    change(realm, async (keys) => (keys.some((key) => key.alg === alg) ? keys : [...keys, await makeKey(alg)]))

  const privateKey = (key: StoredKey): Promise<CryptoKey> => {
    const ready = imported.get(key.kid) ?? (importJWK(key.jwk as JWK, key.alg) as Promise<CryptoKey>)
    imported.set(key.kid, ready)
    return ready
  }

  return {
    async sign(realm, { claims, header, alg = 'RS256', key: which = 'current' }) {
      const keys = await withKey(realm, alg)
      const key = which === 'unpublished' ? await makeKey(alg) : keys.find((k) => k.alg === alg && k.state === which)
      if (!key) throw new Error(`realm ${realm} has no ${which} ${alg} key`)
      const signer = which === 'unpublished' ? importJWK(key.jwk as JWK, alg) : privateKey(key)
      return new SignJWT(claims).setProtectedHeader({ typ: 'JWT', kid: key.kid, ...header, alg }).sign(await signer)
    },
    published: async (realm) => (await withKey(realm, 'RS256')).map(publicJwk),
    async rollOver(realm) {
      await withKey(realm, 'RS256')
      await change(realm, async (keys) => {
        const current = keys.filter(({ state }) => state === 'current')
        const made = await Promise.all(current.map(({ alg }) => makeKey(alg)))
        return [...made, ...current.map((key) => ({ ...key, state: 'previous' as const }))]
      })
    },
  }
}

async function readRealm(path: string): Promise<StoredKey[]> {
  const content = await readJsonFile(path)
  if (content === undefined) return []
  const parsed = z.array(StoredKey).safeParse(content)
  if (!parsed.success) throw new Error(`${path} holds no keys; move it away to start afresh`)
  return parsed.data
}

async function makeKey(alg: KeyAlgorithm): Promise<StoredKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, modulusLength: 2048 })
  const jwk = await exportJWK(privateKey)
  return { alg, kid: await calculateJwkThumbprint(jwk), state: 'current', jwk: { ...jwk } }
}

function publicJwk({ alg, kid, jwk }: StoredKey): JWK {
  const { kty, n, e, crv, x, y } = jwk as JWK
  const parts = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, ...(y && { y }) }
  return { ...parts, use: 'sig', alg, kid } as JWK
}
