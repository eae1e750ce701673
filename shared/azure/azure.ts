import { Agent as HttpAgent } from 'node:http'
import type { Agent } from 'node:https'
import type { TokenCredential } from '@azure/identity'
import type { Config } from '../config.ts'
import type { Vault } from '../secrets/vault.ts'
import type { Broker } from '../tokens/broker/broker.ts'
import type { SignSas } from '../tokens/storage/sas.ts'
import { clientOptions } from './client-options.ts'
import { createClockSkew } from './clock-skew.ts'
import { CredentialFailure, createCredential } from './credential.ts'
import { createKeyVault } from './key-vault.ts'
import { localAgent } from './local-route.ts'
import { sharedOnce } from './once.ts'
import { createSasSigner } from './storage/sign-sas.ts'
import { TABLES } from './storage-names.ts'
import type { Table } from './table.ts'
import { createTable } from './table-client.ts'
import { deleteEtagPolicy } from './table-transaction.ts'
import { createTokenIdentity } from './token-identity.ts'
import { pageShapePolicy } from './vault-pages.ts'

export type Azure = {
  table(name: keyof typeof TABLES): Table
  /** With an alias its values can be revealed under a Grant; without one they never can. */
  vault(url: string, alias?: string): Vault
  /** Signs SAS with user delegation keys of the gateway's identity, which rest in the broker. */
  sasSigner(broker: Broker): SignSas
  /** A token of the gateway's own identity for a resource of its tenant; throws CredentialFailure. */
  ownToken(resource: string): Promise<string>
  /** Local run only: reaches the local servers under their production names. */
  agent?: Agent
  /** Storage server's clock minus ours; undefined before the first answer. */
  clockSkewMs(): number | undefined
}

export type AzureDeps = {
  now?(): number
  report?(event: string, detail: Record<string, unknown>): void
  /** Another identity than the gateway's own: an operator's, in the CLI and when a local run is seeded. */
  openCredential?(): Promise<TokenCredential>
}

/** The Azure side of one process; the SDKs are imported at the first call, not at start. */
export function createAzure(
  config: Pick<Config, 'tableEndpoint' | 'local'>,
  { now = Date.now, report = () => {}, openCredential }: AzureDeps = {},
): Azure {
  const agent = config.local && localAgent(config.local)
  const skew = createClockSkew()
  const identity = createTokenIdentity()
  const open = sharedOnce(openCredential ?? (() => openManagedIdentity(config)))
  const credential = createCredential({ open, now, seen: identity.seen })
  const deps = { ...(agent && { agent }), now }
  const sdk = {
    tables: sharedOnce(() => import('@azure/data-tables')),
    vaults: sharedOnce(() => import('@azure/keyvault-secrets')),
  }

  const openTable = async (name: string) => {
    const { TableClient, odata } = await sdk.tables()
    const deleteEtags = new WeakMap<object, string[]>()
    const base = clientOptions(config.tableEndpoint, { ...deps, serverTime: skew.seen })
    const batches = { policy: deleteEtagPolicy(deleteEtags), position: 'perCall' as const }
    const options = { ...base, additionalPolicies: [...base.additionalPolicies, batches] }
    return { client: new TableClient(config.tableEndpoint, name, credential, options), odata, deleteEtags }
  }

  const openVault = async (url: string) => {
    const { SecretClient } = await sdk.vaults()
    const base = clientOptions(url, deps)
    const pages = { policy: pageShapePolicy, position: 'perRetry' as const }
    return new SecretClient(url, credential, { ...base, additionalPolicies: [...base.additionalPolicies, pages] })
  }

  return {
    table: (name) => createTable(sharedOnce(() => openTable(TABLES[name]))),
    vault: (url, alias) =>
      createKeyVault({ url, alias, open: sharedOnce(() => openVault(url)), report, identity: identity.describe }),
    sasSigner: (broker) => createSasSigner({ ...deps, credential, broker }),
    ownToken: async (resource) => {
      const token = await credential.getToken(`${resource}/.default`)
      if (!token) throw new CredentialFailure('no token')
      return token.token
    },
    ...(agent && { agent }),
    clockSkewMs: skew.skewMs,
  }
}

/**
 * TRAP: the SDK's managed-identity client is static: the first credential's endpoint, header and network client serve the
 * whole process, whatever a second one is given. One process has one identity.
 */
async function openManagedIdentity({ local }: Pick<Config, 'local'>): Promise<TokenCredential> {
  const { ManagedIdentityCredential } = await import('@azure/identity')
  return new ManagedIdentityCredential({
    retryOptions: { maxRetries: 1, retryDelayInMs: 200 },
    // Every request carries the header that is good for tokens of this identity: it goes nowhere else (T40).
    redirectOptions: { maxRetries: 0 },
    // Locally the endpoint is plain http on the loopback; an agent of our own keeps a proxy setting from capturing it.
    ...(local && { agent: new HttpAgent({ keepAlive: true }) }),
  })
}
