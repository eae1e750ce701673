import { secretGrant, names } from '../types.bicep'
import {
  appendOnlyTables
  checkpointContainer
  eventQueue
  policyTable
  roles
  writableTables
} from '../names.bicep'

@description('Names of everything.')
param named names
@description('The gateway\'s identity.')
param principalId string
@description('Who deploys, and writes policies.')
param deployerId string
@description('What the deployer is.')
param deployerType 'User' | 'Group' | 'ServicePrincipal'
@description('Whether policies may be written through the gateway.')
param policyApi bool
@description('The gateway reads and rotates all of the vault, or what is granted.')
param vaultAccess 'vault' | 'perSecret'
@description('With perSecret: which secrets.')
param secretGrants secretGrant[]
@description('Whether the review may read which roles the gateway has.')
param review bool

resource host 'Microsoft.Storage/storageAccounts@2026-04-01' existing = { name: named.hostStorage }

resource data 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: named.dataStorage

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource checkpoints 'containers' existing = { name: checkpointContainer }
  }

  resource queues 'queueServices' existing = {
    name: 'default'

    resource events 'queues' existing = { name: eventQueue }
  }

  resource tables 'tableServices' existing = {
    name: 'default'

    resource policies 'tables' existing = { name: policyTable }
  }
}

resource writable 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' existing = [
  for table in writableTables: { parent: data::tables, name: table }
]

resource appendOnly 'Microsoft.Storage/storageAccounts/tableServices/tables@2026-04-01' existing = [
  for table in appendOnlyTables: { parent: data::tables, name: table }
]

resource gatewayVault 'Microsoft.KeyVault/vaults@2026-02-01' existing = { name: named.gatewayVault }

resource mainVault 'Microsoft.KeyVault/vaults@2026-02-01' existing = { name: named.mainVault }

// A role assignment needs the scope only: the secret may come later.
resource granted 'Microsoft.KeyVault/vaults/secrets@2026-02-01' existing = [
  for grant in secretGrants: { parent: mainVault, name: grant.secret }
]

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: named.insights }

resource appender 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'appender')
  properties: {
    roleName: 'Sallyport appender ${named.token}'
    description: 'Reads and adds; cannot change or remove what is there.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.Storage/storageAccounts/tableServices/tables/entities/read'
          'Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read'
          'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action'
        ]
        notDataActions: []
      }
    ]
  }
}

resource rotator 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'rotator')
  properties: {
    roleName: 'Sallyport rotator ${named.token}'
    description: 'Gets, lists, sets and updates secrets; cannot delete, purge, back up or restore them.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: []
        notActions: []
        dataActions: [
          'Microsoft.KeyVault/vaults/secrets/getSecret/action'
          'Microsoft.KeyVault/vaults/secrets/setSecret/action'
          'Microsoft.KeyVault/vaults/secrets/readMetadata/action'
          'Microsoft.KeyVault/vaults/secrets/update/action'
        ]
        notDataActions: []
      }
    ]
  }
}

resource hostBlobs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: host
  name: guid(host.id, principalId, roles.blobDataOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataOwner)
  }
}

resource hostQueues 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: host
  name: guid(host.id, principalId, roles.queueDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueDataContributor)
  }
}

resource hostTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: host
  name: guid(host.id, principalId, roles.tableDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
  }
}

resource readsPolicies 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::tables::policies
  name: guid(data::tables::policies.id, principalId, 'policies')
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      policyApi ? roles.tableDataContributor : roles.tableDataReader
    )
  }
}

resource deploysPolicies 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::tables::policies
  name: guid(data::tables::policies.id, deployerId, roles.tableDataContributor)
  properties: {
    principalId: deployerId
    principalType: deployerType
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
  }
}

resource writesTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (table, index) in writableTables: {
    scope: writable[index]
    name: guid(writable[index].id, principalId, roles.tableDataContributor)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.tableDataContributor)
    }
  }
]

resource addsToTables 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (table, index) in appendOnlyTables: {
    scope: appendOnly[index]
    name: guid(appendOnly[index].id, principalId, 'appender')
    properties: { principalId: principalId, principalType: 'ServicePrincipal', roleDefinitionId: appender.id }
  }
]

resource addsCheckpoints 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::blobs::checkpoints
  name: guid(data::blobs::checkpoints.id, principalId, 'appender')
  properties: { principalId: principalId, principalType: 'ServicePrincipal', roleDefinitionId: appender.id }
}

resource drainsEvents 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: data::queues::events
  name: guid(data::queues::events.id, principalId, roles.queueMessageProcessor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueMessageProcessor)
  }
}

resource keepsOwnKeys 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: gatewayVault
  name: guid(gatewayVault.id, principalId, 'rotator')
  properties: { principalId: principalId, principalType: 'ServicePrincipal', roleDefinitionId: rotator.id }
}

resource handsOutVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (vaultAccess == 'vault') {
  scope: mainVault
  name: guid(mainVault.id, principalId, 'rotator')
  properties: { principalId: principalId, principalType: 'ServicePrincipal', roleDefinitionId: rotator.id }
}

resource handsOutSecrets 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, index) in secretGrants: if (vaultAccess == 'perSecret') {
    scope: granted[index]
    name: guid(granted[index].id, principalId, grant.access)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: grant.access == 'rotate'
        ? rotator.id
        : subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.secretsUser)
    }
  }
]

resource sendsTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: insights
  name: guid(insights.id, principalId, roles.metricsPublisher)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.metricsPublisher)
  }
}

// For the review: what is there and who may what, no data. On these resources alone.
resource reviewsData 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (review) {
  scope: data
  name: guid(data.id, principalId, roles.reader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
  }
}

resource reviewsGatewayVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (review) {
  scope: gatewayVault
  name: guid(gatewayVault.id, principalId, roles.reader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
  }
}

resource reviewsMainVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (review) {
  scope: mainVault
  name: guid(mainVault.id, principalId, roles.reader)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.reader)
  }
}
