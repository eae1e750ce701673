import type { PolicyDocument } from '../policy/documents/document.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'

/** What the gateway itself stands on, as far as it is known; host names, accounts and ids in lower case. */
export type Own = {
  storageAccounts: ReadonlySet<string>
  /** Host names of the gateway, of its vaults and of its storage. */
  hosts: ReadonlySet<string>
  /** Object and application id of its identity. */
  identity: ReadonlySet<string>
}

export type OwnTarget = 'own_identity' | 'own_storage' | 'own_app'

/** `path` and `detail`: which field, and why not, for whoever wrote the document. */
export type OwnFault = { reason: OwnTarget; path: string[]; detail: string }

/**
 * What of the gateway's own a rotation would change: whoever may write a rotation must not be able to lock the gateway out, or
 * to have its own access handed out as a value. Every such field; none when it is somebody else's. Pure.
 */
export function ownTargetsOf(rotation: RotationDocument, own: Own): OwnFault[] {
  switch (rotation.rotator) {
    case 'storage-key': {
      const account = rotation.settings.account.slice(rotation.settings.account.lastIndexOf('/') + 1)
      return own.storageAccounts.has(account.toLowerCase()) ? [fault('own_storage', 'account', STORAGE)] : []
    }
    case 'entra-app': {
      const { application, clientId } = rotation.settings
      return Object.entries({ application, clientId }).flatMap(([field, id]) =>
        own.identity.has(id.toLowerCase()) ? [fault('own_identity', field, IDENTITY)] : [],
      )
    }
    case 'database': {
      const { admin, adminRole, logins, owner, host } = rotation.settings
      const ofAdmin = admin === 'entra' && adminRole !== undefined && [...logins, owner].includes(adminRole)
      return [
        ...(isOwnHost(host, own) ? [fault('own_app', 'host', APP)] : []),
        ...(ofAdmin ? [fault('own_identity', 'adminRole', ADMINISTRATOR)] : []),
      ]
    }
    case 'webhook':
      return isOwnHost(new URL(rotation.settings.url).hostname, own) ? [fault('own_app', 'url', APP)] : []
    default:
      return []
  }
}

const WHY = 'whoever may write a rotation must not be able to lock the gateway out or to be handed its access'
const STORAGE = `is a storage account that the gateway itself lives on: ${WHY}`
const IDENTITY = `is the gateway’s own identity, by which it reads its vaults: ${WHY}`
const ADMINISTRATOR = `is the role by which the gateway itself logs in, and also one that is rotated: ${WHY}`
const APP = `is the gateway itself, one of its vaults or its storage: ${WHY}`

const fault = (reason: OwnTarget, field: string, detail: string): OwnFault => ({
  ...{ reason, detail },
  path: ['settings', field],
})

/** For the check of documents that are written. */
export const refuseOwnTargets =
  (own: Own) =>
  (document: PolicyDocument): OwnFault[] =>
    document.kind === 'rotation' ? ownTargetsOf(document, own) : []

/** A name may end in a dot and means the same. */
const plain = (host: string) => host.toLowerCase().replace(/\.+$/, '')

/** The names of a storage account's other services too; an app's deployment site is the app. */
function isOwnHost(host: string, { hosts, storageAccounts }: Own): boolean {
  const name = plain(host)
  const [first = '', second] = name.split('.')
  if (hosts.has(name) || hosts.has(name.replace('.scm.', '.'))) return true
  return storageAccounts.has(first) && STORAGE_SERVICES.has(second ?? '')
}

const STORAGE_SERVICES: ReadonlySet<string> = new Set(['blob', 'dfs', 'file', 'queue', 'table', 'web'])

/** Parts of a configuration; what is not known is left out. */
export type Named = {
  issuer?: string | undefined
  frontDoor?: string | undefined
  tableEndpoint?: string | undefined
  vaults?: ReadonlyMap<string, string>
  gatewayVault?: string | undefined
  ownStorageAccounts?: readonly string[]
  ownHosts?: readonly string[]
}

/** Out of the configuration; `identity` is known when the gateway has had a token of its own. */
export function ownOf(config: Named, identity: readonly string[]): Own {
  const { issuer, frontDoor, tableEndpoint, vaults, gatewayVault, ownStorageAccounts = [], ownHosts = [] } = config
  const urls = [issuer, frontDoor, tableEndpoint, gatewayVault, ...(vaults?.values() ?? [])]
  const hosts = urls.flatMap((url) => URL.parse(url ?? '')?.hostname ?? [])
  return {
    storageAccounts: new Set(ownStorageAccounts.map((account) => account.toLowerCase())),
    hosts: new Set([...hosts, ...ownHosts].map(plain)),
    identity: new Set(identity.map((id) => id.toLowerCase())),
  }
}
