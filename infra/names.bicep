import { names } from 'types.bicep'

@export()
@description('Every name, from the environment and a token of 13 characters. The limits are Azure\'s: 24 for storage and vaults, 60 for sites.')
func namesOf(environmentName string, token string, mainVaultName string) names => {
  resourceGroup: 'rg-${environmentName}'
  hostStorage: 'sthost${token}'
  dataStorage: 'stdata${token}'
  gatewayVault: 'kvgw-${token}'
  mainVault: empty(mainVaultName) ? 'kvmain-${token}' : mainVaultName
  plan: 'plan-${environmentName}-${token}'
  app: 'func-${take(environmentName, 20)}-${token}'
  workspace: 'log-${environmentName}-${token}'
  insights: 'appi-${environmentName}-${token}'
  network: 'vnet-${environmentName}-${token}'
  topic: 'evgt-${environmentName}-${token}'
  token: token
}

@export()
@description('Container of the host account that holds the deployment package.')
var packageContainer = 'package'

@export()
@description('Tables that the gateway changes freely. Same as shared/azure/storage-names.ts.')
var writableTables = [
  'auditindex'
  'grants'
  'handles'
  'keys'
  'lastuse'
  'leases'
  'once'
  'quotas'
  'reports'
  'rotations'
  'secretstate'
  'subscriptions'
]

@export()
@description('Tables that the gateway reads and adds to; what stands in them it can neither change nor remove.')
var appendOnlyTables = ['audit', 'checkpoints']

@export()
@description('The table of policies; read only unless the policy API is on.')
var policyTable = 'policies'

@export()
@description('Container of signed checkpoints.')
var checkpointContainer = 'checkpoints'

@export()
@description('Queue of Key Vault events.')
var eventQueue = 'kvevents'

@export()
@description('Ids of built-in roles.')
var roles = {
  blobDataOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  blobDataContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  blobDataReader: '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1'
  blobDelegator: 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
  queueDataContributor: '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
  queueMessageProcessor: '8a0f0c08-91a1-4084-bc3d-661d67233fed'
  queueMessageSender: 'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a'
  queueDelegator: '7ee386e9-84f0-448e-80a6-f185f6533131'
  tableDataContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
  tableDataReader: '76199698-9eea-4c19-bc75-cec21354c6b6'
  tableDelegator: '965033a5-c8eb-4f35-b82f-fef460a3606d'
  metricsPublisher: '3913510d-42f4-4e42-8a64-420c390055eb'
  secretsUser: '4633458b-17de-408a-b874-0445c86b69e6'
  acrPull: '7f951dda-4ed3-4680-a7ca-43fe172d538d'
  webPubSubOwner: '12cf5a90-567b-43ae-8102-96cf46c7d9b4'
  storageKeyOperator: '81a9662b-bebf-436f-a333-f67b29880f12'
  reader: 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
}

@export()
@description('Host names by cloud, as in shared/azure/clouds.ts. environment() is known at run time only: predictions would stop at it.')
var suffixes = {
  AzurePublic: {
    #disable-next-line no-hardcoded-env-urls // See above.
    storage: 'core.windows.net'
    #disable-next-line no-hardcoded-env-urls // See above.
    vault: 'vault.azure.net'
    vaultZone: 'privatelink.vaultcore.azure.net'
    sites: 'azurewebsites.net'
  }
  AzureChina: {
    storage: 'core.chinacloudapi.cn'
    vault: 'vault.azure.cn'
    vaultZone: 'privatelink.vaultcore.azure.cn'
    sites: 'chinacloudsites.cn'
  }
  AzureUSGovernment: {
    storage: 'core.usgovcloudapi.net'
    vault: 'vault.usgovcloudapi.net'
    vaultZone: 'privatelink.vaultcore.usgovcloudapi.net'
    sites: 'azurewebsites.us'
  }
}
