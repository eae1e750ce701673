/** Facts of one Azure cloud; the Key Vault audience itself comes from the vault's challenge. */
export type Cloud = {
  authority: string
  /** `{tid}` stands for the tenant. */
  issuers: { v1: string; v2: string }
  vaultSuffix: string
  tableSuffix: string
  blobSuffix: string
  queueSuffix: string
  registrySuffix: string
  webPubSubSuffix: string
  arm: string
  graph: string
  /** Of Entra logins to Azure Database for PostgreSQL. */
  databaseAudience: string
  /** `aud` of an assertion that a federated credential trusts. */
  exchangeAudience: string
}

/** Sources: MSAL AuthorityMetadata; learn.microsoft.com/graph/deployments; Entra national clouds. */
export const CLOUDS = {
  AzurePublic: {
    authority: 'https://login.microsoftonline.com',
    issuers: { v1: 'https://sts.windows.net/{tid}/', v2: 'https://login.microsoftonline.com/{tid}/v2.0' },
    vaultSuffix: 'vault.azure.net',
    tableSuffix: 'table.core.windows.net',
    blobSuffix: 'blob.core.windows.net',
    queueSuffix: 'queue.core.windows.net',
    registrySuffix: 'azurecr.io',
    webPubSubSuffix: 'webpubsub.azure.com',
    arm: 'https://management.azure.com',
    graph: 'https://graph.microsoft.com',
    databaseAudience: 'https://ossrdbms-aad.database.windows.net',
    exchangeAudience: 'api://AzureADTokenExchange',
  },
  AzureChina: {
    authority: 'https://login.partner.microsoftonline.cn',
    issuers: { v1: 'https://sts.chinacloudapi.cn/{tid}/', v2: 'https://login.partner.microsoftonline.cn/{tid}/v2.0' },
    vaultSuffix: 'vault.azure.cn',
    tableSuffix: 'table.core.chinacloudapi.cn',
    blobSuffix: 'blob.core.chinacloudapi.cn',
    queueSuffix: 'queue.core.chinacloudapi.cn',
    registrySuffix: 'azurecr.cn',
    webPubSubSuffix: 'webpubsub.azure.cn',
    arm: 'https://management.chinacloudapi.cn',
    graph: 'https://microsoftgraph.chinacloudapi.cn',
    databaseAudience: 'https://ossrdbms-aad.database.chinacloudapi.cn',
    exchangeAudience: 'api://AzureADTokenExchangeChina',
  },
  AzureUSGovernment: {
    authority: 'https://login.microsoftonline.us',
    issuers: { v1: 'https://sts.windows.net/{tid}/', v2: 'https://login.microsoftonline.us/{tid}/v2.0' },
    vaultSuffix: 'vault.usgovcloudapi.net',
    tableSuffix: 'table.core.usgovcloudapi.net',
    blobSuffix: 'blob.core.usgovcloudapi.net',
    queueSuffix: 'queue.core.usgovcloudapi.net',
    registrySuffix: 'azurecr.us',
    webPubSubSuffix: 'webpubsub.azure.us',
    arm: 'https://management.usgovcloudapi.net',
    graph: 'https://graph.microsoft.us',
    databaseAudience: 'https://ossrdbms-aad.database.usgovcloudapi.net',
    exchangeAudience: 'api://AzureADTokenExchangeUSGov',
  },
} as const satisfies Record<string, Cloud>

export type CloudName = keyof typeof CLOUDS
