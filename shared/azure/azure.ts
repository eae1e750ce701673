import type { Agent } from 'node:https'
import type { TokenCredential } from '@azure/identity'
import type { Config } from '../config.ts'
import type { ReceiveMessages } from '../rotation/event-queue.ts'
import type { Vault } from '../secrets/vault.ts'
import type { Registry } from '../tokens/acr/registry.ts'
import { type Broker, createBroker } from '../tokens/broker/broker.ts'
import type { EntraPort } from '../tokens/entra/entra-port.ts'
import type { PageStore } from '../tokens/keys/pages/page-store.ts'
import type { SignSas } from '../tokens/storage/sas.ts'
import type { GenerateClientToken } from '../tokens/web-pubsub/hub.ts'
import { clientOptions } from './client-options.ts'
import { createClockSkew } from './clock-skew.ts'
import { CLOUDS } from './clouds.ts'
import { CredentialFailure, createCredential } from './credential.ts'
import { createEntra } from './entra.ts'
import { createEventQueue } from './event-queue.ts'
import type { IdentitySource } from './identity-source.ts'
import { explainIdentity, type IdentityTrouble } from './identity-trouble.ts'
import { createKeyVault } from './key-vault.ts'
import { localAgent } from './local-route.ts'
import { sharedOnce } from './once.ts'
import { openIdentity } from './open-identity.ts'
import { createPostForm } from './post-form.ts'
import { createRegistry } from './registry.ts'
import { createPageStore } from './storage/page-store.ts'
import { createSasSigner } from './storage/sign-sas.ts'
import { TABLES } from './storage-names.ts'
import type { Table } from './table.ts'
import { createTable } from './table-client.ts'
import { deleteEtagPolicy } from './table-transaction.ts'
import { createTokenIdentity } from './token-identity.ts'
import { pageShapePolicy } from './vault-pages.ts'
import { createWebPubSub } from './web-pubsub.ts'

export type Azure = {
  table(name: keyof typeof TABLES): Table
  /** With an alias its values can be revealed under a Grant; without one they never can. */
  vault(url: string, alias?: string): Vault
  /** Signs SAS with user delegation keys of the gateway's identity, which rest in the broker. */
  sasSigner(broker: Broker): SignSas
  /** Key Vault's events, from the queue at this origin. */
  eventQueue(endpoint: string): ReceiveMessages
  /** Public documents in that blob container. */
  pageStore(container: string): PageStore
  /** Tokens of Azure Container Registry for the gateway's identity. */
  registry: Registry
  /** Client tokens of Azure Web PubSub. */
  webPubSub: GenerateClientToken
  /** Tokens of Entra ID for applications, users and the gateway itself. */
  entra: EntraPort
  /** Gets a token of the gateway's own identity now; throws CredentialFailure. */
  checkIdentity(): Promise<void>
  /** Why it gave none when it was last asked; undefined when it gave one or was not asked yet. */
  identityTrouble(): IdentityTrouble | undefined
  /** A token of the gateway's own identity for a resource of its tenant; throws CredentialFailure. */
  ownToken(resource: string): Promise<string>
  /** Object and application id of that identity; empty before its first token. */
  ownIds(): readonly string[]
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
  /** Where tokens rest; one of its own when absent. */
  broker?: Broker
}

/** The Azure side of one process; the SDKs are imported at the first call, not at start. */
export function createAzure(
  config: Pick<Config, 'tableEndpoint' | 'local'> & Partial<Pick<Config, 'cloud' | 'identity'>>,
  { now = Date.now, report = () => {}, openCredential, broker = createBroker({ now, report }) }: AzureDeps = {},
): Azure {
  const agent = config.local && localAgent(config.local)
  const skew = createClockSkew()
  const identity = createTokenIdentity()
  const { authority, exchangeAudience } = CLOUDS[config.cloud ?? 'AzurePublic']
  const way = { authority, ...(agent && { agent }) }
  const ownSource: IdentitySource = config.identity?.source ?? { kind: 'managed' }
  const openSource = (source: IdentitySource) => openIdentity(source, { ...way, exchangeAudience })
  const open = sharedOnce(openCredential ?? (() => openSource(ownSource)))
  const whose = openCredential ? 'operator' : 'gateway'
  let trouble: IdentityTrouble | undefined
  const seen = (token: string) => {
    trouble = undefined
    identity.seen(token)
  }
  const failed = (thrown: unknown) => {
    trouble = explainIdentity(ownSource, thrown)
  }
  const isFixed = !openCredential && (ownSource.kind === 'secret' || ownSource.kind === 'password')
  const version = isFixed ? { version: 'of this process' } : {}
  const credential = createCredential({ open, broker, identity: whose, seen, failed, ...version })
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

  const ownToken = async (resource: string) => {
    const token = await credential.getToken(`${resource}/.default`)
    if (!token) throw new CredentialFailure('no token')
    return token.token
  }

  return {
    table: (name) => createTable(sharedOnce(() => openTable(TABLES[name]))),
    vault: (url, alias) =>
      createKeyVault({ url, alias, open: sharedOnce(() => openVault(url)), report, identity: identity.describe }),
    sasSigner: (broker) => createSasSigner({ ...deps, credential, broker }),
    eventQueue: (endpoint) => createEventQueue({ ...deps, credential, endpoint }),
    pageStore: (container) => createPageStore({ ...deps, credential, container }),
    registry: createRegistry({ post: createPostForm(agent), ownToken }),
    webPubSub: createWebPubSub({ ...deps, credential }),
    ownToken,
    ownIds: identity.ids,
    entra: createEntra({ ...way, open: openSource, ownSource }),
    async checkIdentity() {
      await credential.getToken(`https://storage.azure.com/.default`)
    },
    identityTrouble: () => trouble,
    ...(agent && { agent }),
    clockSkewMs: skew.skewMs,
  }
}
