import type { SecretClient } from '@azure/keyvault-secrets'
import { GatewayError } from '../errors.ts'
import type { SecretProperties, Vault } from '../secrets/vault.ts'
import { sharedOnce } from './once.ts'
import { createVaultCall, type KeyVaultDeps, mapped, type VaultCall } from './vault-call.ts'
import { walkPages } from './vault-pages.ts'
import { checkName, checkVersion, readProperties, readSecret, toDate } from './vault-secret.ts'

const PAGE_ITEMS = 25
/** A name nobody uses: the answer does not matter, only that it was authenticated. */
const PRIMING_NAME = 'sallyport-priming'

/** The port Vault over the SDK's SecretClient: names checked before, values sealed and errors reduced right behind the SDK. */
export function createKeyVault(deps: KeyVaultDeps): Vault {
  const call = createVaultCall(deps)
  const get = getOf(deps, call)
  return {
    get,
    versions: versionsOf(deps),
    list: listOf(deps),
    set: setOf(call, primeOf(get)),
    setEnabled: setEnabledOf(call),
  }
}

const getOf =
  ({ alias }: KeyVaultDeps, call: VaultCall): Vault['get'] =>
  async (name, version) => {
    checkName(name)
    if (version !== undefined) checkVersion(version)
    const asked = { name, version, resource: alias && `secret/${alias}/${name}` }
    return call('get', async (client, abortSignal) =>
      readSecret(await client.getSecret(name, { abortSignal, ...(version && { version }) }), asked),
    )
  }

/** Reasons that only an authenticated request can get. */
const AUTHENTICATED: ReadonlySet<string> = new Set(['vault_not_found', 'vault_disabled', 'vault_forbidden'])

/**
 * INVARIANT: no value leaves before this has succeeded once. Until a client has answered the vault's challenge, its
 * requests go out unauthenticated, and not every one of them without its body.
 */
const primeOf = (get: Vault['get']) =>
  sharedOnce(() =>
    get(PRIMING_NAME).then(
      () => undefined,
      (error: unknown) => {
        const answered = error instanceof GatewayError && AUTHENTICATED.has(error.reason)
        if (!answered) throw error
      },
    ),
  )

const setOf =
  (call: VaultCall, prime: () => Promise<void>): Vault['set'] =>
  async (name, { value, contentType, enabled, notBefore, expires, tags }) => {
    checkName(name)
    const options = {
      ...(contentType !== undefined && { contentType }),
      ...(enabled !== undefined && { enabled }),
      ...(notBefore !== undefined && { notBefore: toDate(notBefore) }),
      ...(expires !== undefined && { expiresOn: toDate(expires) }),
      ...(tags && { tags: { ...tags } }),
    }
    await prime()
    // A write whose answer was lost has happened: once more would make a second version.
    return call('set', (client, abortSignal) => value.within(send(client, abortSignal)), { repeat: false })

    function send(client: SecretClient, abortSignal: AbortSignal) {
      return async (text: string) => {
        const { properties } = await client.setSecret(name, text, { ...options, abortSignal })
        return readProperties(properties, { name })
      }
    }
  }

const setEnabledOf =
  (call: VaultCall): Vault['setEnabled'] =>
  async (name, version, enabled) => {
    checkName(name)
    checkVersion(version)
    return call('set', async (client, abortSignal) =>
      readProperties(await client.updateSecretProperties(name, version, { enabled, abortSignal }), { name, version }),
    )
  }

const versionsOf =
  (deps: KeyVaultDeps): Vault['versions'] =>
  async (name) => {
    checkName(name)
    const found: SecretProperties[] = []
    await mapped(deps, 'list', async () => {
      const client = await deps.open()
      const open = () => client.listPropertiesOfSecretVersions(name).byPage({ maxPageSize: PAGE_ITEMS })
      for await (const properties of walkPages(open)) found.push(readProperties(properties, { name }))
    })
    return found
  }

const listOf = (deps: KeyVaultDeps): Vault['list'] =>
  async function* () {
    const client = await deps.open()
    const items = walkPages(() => client.listPropertiesOfSecrets().byPage({ maxPageSize: PAGE_ITEMS }))
    for (;;) {
      const next = await mapped(deps, 'list', () => items.next())
      if (next.done) return
      yield await mapped(deps, 'list', async () => readProperties(next.value))
    }
  }
