@description('The vault of the gateway\'s own keys, which no policy can name.')
param gatewayVault string
@description('The vault whose secrets are handed out.')
param mainVault string
@description('Region.')
param location string
@description('Tags of everything.')
param tags { *: string }
@description('Reachable by private endpoints alone.')
param isPrivate bool
@description('Where logs go.')
param workspaceId string

resource vaults 'Microsoft.KeyVault/vaults@2026-02-01' = [
  for name in [gatewayVault, mainVault]: {
    name: name
    location: location
    tags: tags
    properties: {
      tenantId: tenant().tenantId
      sku: { family: 'A', name: 'standard' }
      enableRbacAuthorization: true
      enableSoftDelete: true
      softDeleteRetentionInDays: 90
      enablePurgeProtection: true
      enabledForDeployment: false
      enabledForDiskEncryption: false
      enabledForTemplateDeployment: false
      publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
      networkAcls: { defaultAction: isPrivate ? 'Deny' : 'Allow', bypass: 'None' }
    }
  }
]

#disable-next-line use-recent-api-versions // The newest there is.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = [
  for (name, index) in [gatewayVault, mainVault]: {
    scope: vaults[index]
    name: 'to-workspace'
    properties: {
      workspaceId: workspaceId
      logAnalyticsDestinationType: 'Dedicated'
      logs: [
        { categoryGroup: 'audit', enabled: true }
        { categoryGroup: 'allLogs', enabled: true }
      ]
      metrics: [{ category: 'AllMetrics', enabled: true }]
    }
  }
]
