import { appendOnlyTables, checkpointContainer, eventQueue, policyTable, writableTables } from '../names.bicep'

@description('Name of the account.')
param name string
@description('Region.')
param location string
@description('Tags of everything.')
param tags { *: string }
@description('Replicas in several zones.')
param zoneRedundant bool
@description('Reachable by private endpoints, and by Event Grid, alone.')
param isPrivate bool
@description('How long a checkpoint cannot be changed once the policy is locked (the CLI locks it).')
param immutabilityDays int
@description('Where logs go.')
param workspaceId string

var tableNames = concat([policyTable], appendOnlyTables, writableTables)

// Disabled would shut Event Grid out too, which comes as a trusted service: the firewall denies everybody else.
resource account 'Microsoft.Storage/storageAccounts@2026-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: zoneRedundant ? 'Standard_ZRS' : 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: 'Enabled'
    networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow', bypass: 'AzureServices' }
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: { deleteRetentionPolicy: { enabled: true, days: 30 } }

    resource checkpoints 'containers' = {
      name: checkpointContainer
      properties: { publicAccess: 'None' }

      resource kept 'immutabilityPolicies' = {
        name: 'default'
        properties: {
          immutabilityPeriodSinceCreationInDays: immutabilityDays
          allowProtectedAppendWrites: true
        }
      }
    }
  }

  resource queues 'queueServices' = {
    name: 'default'

    resource events 'queues' = { name: eventQueue }
  }

  resource tables 'tableServices' = {
    name: 'default'

    resource each 'tables' = [for table in tableNames: { name: table }]
  }
}

#disable-next-line use-recent-api-versions // The newest there is.
resource blobLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::blobs
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // The newest there is.
resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::queues
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

#disable-next-line use-recent-api-versions // The newest there is.
resource tableLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account::tables
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}
