import { roles } from '../names.bicep'

@description('Name of a storage account, registry or Web PubSub of this resource group.')
param name string
@description('What tokens of it may be good for.')
param access 'blobRead' | 'blobWrite' | 'queue' | 'table' | 'registryPull' | 'webPubSub'
@description('The gateway\'s identity.')
param principalId string

// A delegation key is good for no more than its maker's roles: the data role goes with the delegator.
var storageRoles = {
  blobRead: [roles.blobDataReader, roles.blobDelegator]
  blobWrite: [roles.blobDataContributor, roles.blobDelegator]
  queue: [roles.queueDataContributor, roles.queueDelegator]
  table: [roles.tableDataContributor, roles.tableDelegator]
}

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = { name: name }

resource registry 'Microsoft.ContainerRegistry/registries@2025-11-01' existing = { name: name }

resource hub 'Microsoft.SignalRService/webPubSub@2024-03-01' existing = { name: name }

resource onAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in storageRoles[?access] ?? []: {
    scope: account
    name: guid(account.id, principalId, role)
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    }
  }
]

resource onRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (access == 'registryPull') {
  scope: registry
  name: guid(registry.id, principalId, roles.acrPull)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.acrPull)
  }
}

resource onHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (access == 'webPubSub') {
  scope: hub
  name: guid(hub.id, principalId, roles.webPubSubOwner)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.webPubSubOwner)
  }
}
