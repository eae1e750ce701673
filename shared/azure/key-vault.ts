import type { SecretClient } from '@azure/keyvault-secrets'
import { GatewayError } from '../errors.ts'
import type { SecretProperties, Vault } from '../secrets/vault.ts'
import { withDeadline } from './deadline.ts'
import { failureOf } from './failure.ts'
import { sharedOnce } from './once.ts'
import { grantAdvice, type VaultOperation, vaultError } from './vault-error.ts'
import { walkPages } from './vault-pages.ts'
import { checkName, checkVersion, readProperties, readSecret, toDate } from './vault-secret.ts'

export type KeyVaultDeps = {
  url: string
  /** Values of an aliased vault can be revealed; without an alias they cannot (the gateway's own vault). */
  alias?: string | undefined
  open(): Promise<SecretClient>
  /** Operators' trace: what to grant after a 403. */
  report(event: string, detail: Record<string, unknown>): void
  /** Who the gateway is to Azure, for that trace. */
  identity(): string | undefined
}

const PAGE_ITEMS = 25
/** A name nobody uses: the answer does not matter, only that it was authenticated. */
const PRIMING_NAME = 'sallyport-priming'

/** The port Vault over the SDK's SecretClient: names checked before, values sealed and errors reduced right behind the SDK. */
export function createKeyVault(deps: KeyVaultDeps): Vault {
  const call = <T>(operation: VaultOperation, act: (client: SecretClient, abortSignal: AbortSignal) => Promise<T>) =>
    mapped(deps, operation, async () => {
      const client = await deps.open()
      return withDeadline(undefined, (signal) => act(client, signal))
    })

  const get: Vault['get'] = async (name, version) => {
    checkName(name)
    if (version !== undefined) checkVersion(version)
    const asked = { name, version, resource: deps.alias && `secret/${deps.alias}/${name}` }
    return call('get', async (client, abortSignal) =>
      readSecret(await client.getSecret(name, { abortSignal, ...(version && { version }) }), asked),
    )
  }

  /**
   * INVARIANT: no value leaves before this has succeeded once. Until a client has answered the vault's challenge, its
   * requests go out unauthenticated, and not every one of them without its body.
   */
  const prime = sharedOnce(() =>
    get(PRIMING_NAME).then(
      () => undefined,
      (error: unknown) => {
        const answered = error instanceof GatewayError && AUTHENTICATED.has(error.reason)
        if (!answered) throw error
      },
    ),
  )

  return {
    get,

    async versions(name) {
      checkName(name)
      const found: SecretProperties[] = []
      await mapped(deps, 'list', async () => {
        const client = await deps.open()
        const open = () => client.listPropertiesOfSecretVersions(name).byPage({ maxPageSize: PAGE_ITEMS })
        for await (const properties of walkPages(open)) found.push(readProperties(properties, { name }))
      })
      return found
    },

    async *list() {
      const client = await deps.open()
      const open = () => client.listPropertiesOfSecrets().byPage({ maxPageSize: PAGE_ITEMS })
      const items = walkPages(open)
      for (;;) {
        const next = await mapped(deps, 'list', () => items.next())
        if (next.done) return
        yield await mapped(deps, 'list', async () => readProperties(next.value))
      }
    },

    async set(name, { value, contentType, enabled, notBefore, expires, tags }) {
      checkName(name)
      const options = {
        ...(contentType !== undefined && { contentType }),
        ...(enabled !== undefined && { enabled }),
        ...(notBefore !== undefined && { notBefore: toDate(notBefore) }),
        ...(expires !== undefined && { expiresOn: toDate(expires) }),
        ...(tags && { tags: { ...tags } }),
      }
      await prime()
      return call('set', (client, abortSignal) =>
        value.within(async (text) => {
          const { properties } = await client.setSecret(name, text, { ...options, abortSignal })
          return readProperties(properties, { name })
        }),
      )
    },

    async setEnabled(name, version, enabled) {
      checkName(name)
      checkVersion(version)
      return call('set', async (client, abortSignal) =>
        readProperties(await client.updateSecretProperties(name, version, { enabled, abortSignal }), { name, version }),
      )
    },
  }
}

/** Reasons that only an authenticated request can get. */
const AUTHENTICATED: ReadonlySet<string> = new Set(['vault_not_found', 'vault_disabled', 'vault_forbidden'])

async function mapped<T>(deps: KeyVaultDeps, operation: VaultOperation, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const failure = failureOf(error)
    const ours = vaultError(failure, operation)
    if (ours.reason === 'vault_forbidden' && failure.kind === 'status') {
      deps.report('vault.forbidden', grantAdvice({ url: deps.url, operation, failure, identity: deps.identity() }))
    }
    throw ours
  }
}
