import type { JWK } from 'jose'
import { type ErrorCode, GatewayError } from '../../errors.ts'
import type { Secret } from '../../secrets/secret.ts'
import type { Vault } from '../../secrets/vault.ts'
import { SIGNING_ALGORITHMS, SIGNING_SECRETS, type SigningAlgorithm, type SymmetricKey } from './key-names.ts'
import { generateSigningSecret, importSigningKey } from './signing-key.ts'
import { generateSymmetricSecret, isStrong } from './symmetric-key.ts'

/** What the vault holds after {@link makeKey}; `adopted` = it was there before. */
export type MadeKey = { secret: string; version: string; adopted: boolean } & (
  | { alg: SigningAlgorithm; kid: string; publicJwk: JWK }
  | { name: SymmetricKey }
)

/**
 * Puts one key into the vault, or adopts the newest version that is there. Throws `keys_unavailable` when that one is no
 * such key (nothing is ever written over it: an operator has to look), `vault_unavailable` and the like from the vault.
 */
export async function makeKey(vault: Vault, kind: SigningAlgorithm | SymmetricKey): Promise<MadeKey> {
  return isAlgorithm(kind) ? makeSigningKey(vault, kind) : makeSymmetricKey(vault, kind)
}

/**
 * The next key pair of an algorithm: the newest version that is there when no row names it (a rotation that was killed
 * made it, or an operator), else a new one. A newest version that is disabled was withdrawn: it is never adopted.
 */
export async function makeNextKey(vault: Vault, alg: SigningAlgorithm, named: ReadonlySet<string>) {
  return makeSigningKey(vault, alg, { isFree: (version) => !named.has(version), replaced: REPLACED })
}

const REPLACED: readonly ErrorCode[] = ['secret_not_found', 'secret_disabled']

type Adoption = { isFree(version: string): boolean; replaced: readonly ErrorCode[] }

/** The first key of all: whatever stands there is taken, and nothing else is made beside it. */
const FIRST: Adoption = { isFree: () => true, replaced: ['secret_not_found'] }

async function makeSigningKey(vault: Vault, alg: SigningAlgorithm, adoption = FIRST) {
  const secret = SIGNING_SECRETS[alg]
  const recipe = { generate: () => generateSigningSecret(alg), contentType: 'application/pkcs8' }
  const { value, ...found } = await adoptOrCreate({ vault, secret, ...adoption }, recipe)
  const key = await importSigningKey(alg, value)
  if (!key) throw unusable(secret)
  return { ...found, alg, kid: key.kid, publicJwk: key.publicJwk } satisfies MadeKey
}

async function makeSymmetricKey(vault: Vault, name: SymmetricKey): Promise<MadeKey> {
  const { value, ...found } = await adoptOrCreate(
    { vault, secret: name, ...FIRST },
    {
      generate: generateSymmetricSecret,
      contentType: 'text/plain',
    },
  )
  if (!isStrong(value)) throw unusable(name)
  return { ...found, name }
}

type Recipe = { generate: () => Promise<Secret>; contentType: string }

type Place = Adoption & { vault: Vault; secret: string }

async function adoptOrCreate({ vault, secret, isFree, replaced }: Place, { generate, contentType }: Recipe) {
  const found = await vault.get(secret).catch((error: unknown) => {
    if (error instanceof GatewayError && replaced.includes(error.code)) return undefined
    throw error
  })
  if (found && isFree(found.version)) return { secret, value: found.value, version: found.version, adopted: true }
  const value = await generate()
  const { version } = await vault.set(secret, { value, contentType, tags: { 'sallyport-key': secret } })
  return { secret, value, version, adopted: false }
}

const isAlgorithm = (kind: string): kind is SigningAlgorithm => SIGNING_ALGORITHMS.some((alg) => alg === kind)

/** The name of the secret is no secret: it is in the reason so that the operator knows which one. */
const unusable = (secret: string) =>
  new GatewayError('keys_unavailable', `unusable_secret_${secret.replaceAll('-', '_')}`, { retryAfterSeconds: 60 })
