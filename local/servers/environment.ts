import { CLOUDS, type CloudName } from '../../shared/azure/clouds.ts'
import type { ClientSecrets } from './identity/directory.ts'

/** Where the servers of a run listen; `https` origins but for the managed-identity endpoint. */
export type Addresses = {
  identity: string
  identityEndpoint: string
  /** Google, AWS, container registries, Web PubSub: one process, told apart by Host. */
  clouds: string
  vaults: { main: string; gateway: string }
  table: string
  blob: string
  queue: string
  /** `tcp://127.0.0.1:<port>`, where PostgreSQL was asked for. */
  postgres?: string
  ca: string
}

export type EnvironmentOptions = {
  /** Storage account; its name is the host's first label. */
  account: string
  /** `iss` of the gateway's own tokens. */
  issuer: string
  /** First part of the vaults' names `<prefix>-main` and `<prefix>-gateway`; only test runs have others than `sallyport`. */
  vaultPrefix?: string
  /** Whose host names are used; the servers behind them are the same. */
  cloud?: CloudName
}

/** A storage account beside the gateway's own: what SAS open. */
export const REPORTS_ACCOUNT = 'contosoreports'

/** Where the local Azure Resource Manager has its resources (local/seed/clouds.json). */
/** Where local/seed/clouds.json has the gateway's roles. */
const LOCAL_GROUP = '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/sallyport'

/** The PostgreSQL server of the example rotation. */
export const ORDERS_DATABASE_HOST = 'sallyport-orders.postgres.database.azure.com'

/** Hosts of process `clouds` that have one name for everybody. */
const CLOUD_HOSTS = [
  'sts.googleapis.com',
  'iamcredentials.googleapis.com',
  'oauth2.googleapis.com',
  'www.googleapis.com',
  'sts.amazonaws.com',
  'sts.eu-central-1.amazonaws.com',
  'sts.us-east-1.amazonaws.com',
]

/**
 * What the gateway's process needs to find the local servers under the names of production: the settings of
 * shared/config.ts and the managed-identity endpoint of App Service.
 */
export function environmentFor(
  addresses: Addresses,
  secrets: ClientSecrets,
  { account, issuer, vaultPrefix = 'sallyport', cloud = 'AzurePublic' }: EnvironmentOptions,
): Record<string, string> {
  const { authority, issuers, vaultSuffix, tableSuffix, blobSuffix, queueSuffix, graph, arm } = CLOUDS[cloud]
  const vaults = { main: `${vaultPrefix}-main.${vaultSuffix}`, gateway: `${vaultPrefix}-gateway.${vaultSuffix}` }
  const hosts = {
    [`${account}.${tableSuffix}`]: addresses.table,
    [`${account}.${blobSuffix}`]: addresses.blob,
    [`${account}.${queueSuffix}`]: addresses.queue,
    [`${REPORTS_ACCOUNT}.${blobSuffix}`]: addresses.blob,
    [vaults.main]: addresses.vaults.main,
    [vaults.gateway]: addresses.vaults.gateway,
    [new URL(authority).hostname]: addresses.identity,
    [new URL(issuers.v1).hostname]: addresses.identity,
    'oidc.sallyport.test': addresses.identity,
    [new URL(graph).hostname]: addresses.identity,
    [new URL(arm).hostname]: addresses.clouds,
    [`${account}keys.${blobSuffix}`]: addresses.clouds,
    ...Object.fromEntries(
      [blobSuffix, queueSuffix, tableSuffix].map((suffix) => [`${account}sas.${suffix}`, addresses.clouds]),
    ),
    [`${account}acr.azurecr.io`]: addresses.clouds,
    [`${account}wps.webpubsub.azure.com`]: addresses.clouds,
    ...(addresses.postgres && { [ORDERS_DATABASE_HOST]: addresses.postgres }),
    ...Object.fromEntries(CLOUD_HOSTS.map((host) => [host, addresses.clouds])),
  }
  return {
    SALLYPORT_ALLOW_STUBS: '1',
    ...(cloud !== 'AzurePublic' && { SALLYPORT_CLOUD: cloud }),
    SALLYPORT_ISSUER: issuer,
    SALLYPORT_TABLE_ENDPOINT: `https://${account}.${tableSuffix}`,
    SALLYPORT_VAULTS: `main=https://${vaults.main}`,
    SALLYPORT_GATEWAY_VAULT: `https://${vaults.gateway}`,
    SALLYPORT_LOCAL_HOSTS: Object.entries(hosts)
      .map(([host, address]) => `${host}=${new URL(address).host}`)
      .join(','),
    SALLYPORT_LOCAL_CA: addresses.ca,
    SALLYPORT_POLICY_API: 'on',
    SALLYPORT_REVIEW_SCOPES: LOCAL_GROUP,
    IDENTITY_ENDPOINT: addresses.identityEndpoint,
    // The suffix tells a test's requests apart from others'; the endpoint ignores it.
    IDENTITY_HEADER: vaultPrefix === 'sallyport' ? secrets.identityHeader : `${secrets.identityHeader}~${vaultPrefix}`,
  }
}
