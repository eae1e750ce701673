import { eventQueue, roles } from '../names.bicep'

@description('Name of the topic.')
param topicName string
@description('The vault whose events are taken.')
param vaultName string
@description('The account of the queue.')
param dataStorageName string
@description('Region.')
param location string
@description('Tags of everything.')
param tags { *: string }
@description('Whether the topic\'s role is assigned here.')
param assignRoles bool
@description('Where logs go.')
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = { name: vaultName }

resource data 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: dataStorageName

  resource queues 'queueServices' existing = {
    name: 'default'

    resource events 'queues' existing = { name: eventQueue }
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: { source: vault.id, topicType: 'Microsoft.KeyVault.vaults' }
}

resource sends 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  scope: data::queues::events
  name: guid(data::queues::events.id, topic.id, roles.queueMessageSender)
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.queueMessageSender)
  }
}

resource subscription 'Microsoft.EventGrid/systemTopics/eventSubscriptions@2025-02-15' = {
  parent: topic
  name: 'to-queue'
  properties: {
    eventDeliverySchema: 'CloudEventSchemaV1_0'
    filter: {
      includedEventTypes: [
        'Microsoft.KeyVault.SecretNearExpiry'
        'Microsoft.KeyVault.SecretExpired'
        'Microsoft.KeyVault.SecretNewVersionCreated'
      ]
    }
    deliveryWithResourceIdentity: {
      identity: { type: 'SystemAssigned' }
      destination: {
        endpointType: 'StorageQueue'
        properties: { resourceId: data.id, queueName: eventQueue, queueMessageTimeToLiveInSeconds: 86400 }
      }
    }
  }
  dependsOn: [sends]
}

#disable-next-line use-recent-api-versions // The newest there is.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: topic
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('The identity under which events are delivered.')
output principalId string = topic.identity.principalId
