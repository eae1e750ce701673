import type { RotationDocument } from '../policy/documents/rotation.ts'

/** What the gateway itself stands on; host names and accounts in lower case. */
export type Own = {
  storageAccounts: ReadonlySet<string>
  /** Host names of the gateway and of its vaults and storage. */
  hosts: ReadonlySet<string>
  /** Object and application id of its identity, as far as they are known. */
  identity: ReadonlySet<string>
}

export type OwnTarget = 'own_identity' | 'own_storage' | 'own_app'

/**
 * What of the gateway's own a rotation would change: whoever may write a rotation must not be able to lock the gateway out, or
 * to have its own access handed out as a value. Undefined when it is somebody else's. Pure.
 */
export function ownTargetOf(rotation: RotationDocument, own: Own): OwnTarget | undefined {
  switch (rotation.rotator) {
    case 'storage-key': {
      const account = rotation.settings.account.slice(rotation.settings.account.lastIndexOf('/') + 1)
      return own.storageAccounts.has(account.toLowerCase()) ? 'own_storage' : undefined
    }
    case 'entra-app': {
      const { application, clientId } = rotation.settings
      const isOwn = [application, clientId].some((id) => own.identity.has(id.toLowerCase()))
      return isOwn ? 'own_identity' : undefined
    }
    case 'database': {
      const { adminRole, logins, owner, host } = rotation.settings
      if (own.hosts.has(host)) return 'own_app'
      const isOwn = adminRole !== undefined && [...logins, owner].includes(adminRole)
      return isOwn ? 'own_identity' : undefined
    }
    case 'webhook':
      return own.hosts.has(new URL(rotation.settings.url).hostname.toLowerCase()) ? 'own_app' : undefined
    default:
      return undefined
  }
}

type Named = {
  issuer: string
  frontDoor: string
  tableEndpoint: string
  vaults: ReadonlyMap<string, string>
  gatewayVault: string
  ownStorageAccounts: readonly string[]
}

/** Out of the configuration; `identity` is known when the gateway has had a token of its own. */
export function ownOf(config: Named, identity: readonly string[]): Own {
  const { issuer, frontDoor, tableEndpoint, vaults, gatewayVault, ownStorageAccounts } = config
  const urls = [issuer, frontDoor, tableEndpoint, gatewayVault, ...vaults.values()]
  return {
    storageAccounts: new Set(ownStorageAccounts.map((account) => account.toLowerCase())),
    hosts: new Set(urls.map((url) => new URL(url).hostname.toLowerCase())),
    identity: new Set(identity.map((id) => id.toLowerCase())),
  }
}
