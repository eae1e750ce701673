import { scale } from '../types.bicep'
import { packageContainer } from '../names.bicep'

@description('Name of the plan.')
param planName string
@description('Name of the app.')
param appName string
@description('Account that holds the deployment package.')
param hostStorageName string
@description('What names of storage end in, such as the last three parts of account.blob.SUFFIX.')
param storageSuffix string
@description('Region.')
param location string
@description('Tags of everything.')
param tags { *: string }
@description('Size.')
param scaling scale
@description('Version of Node.')
param nodeVersion '22' | '24'
@description('Whether only private endpoints lead to the app.')
param isPrivate bool
@description('Addresses in CIDR notation that may call; empty: all.')
param allowedIps string[]
@description('Subnet for outgoing traffic; empty: none.')
param subnetId string
@description('Recreate, or the preview that replaces instances one by one.')
param updateStrategy 'Recreate' | 'RollingUpdate'
@description('Origin of the app, such as https://name.azurewebsites.net.')
param origin string
@description('Where logs go.')
param workspaceId string

resource plan 'Microsoft.Web/serverfarms@2025-03-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true, zoneRedundant: scaling.zoneRedundant }
}

resource app 'Microsoft.Web/sites@2025-03-01' = {
  name: appName
  location: location
  tags: union(tags, { 'azd-service-name': 'gateway' })
  kind: 'functionapp,linux'
  identity: { type: 'SystemAssigned' }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    outboundVnetRouting: { allTraffic: !empty(subnetId) }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: 'https://${hostStorageName}.blob.${storageSuffix}/${packageContainer}'
          authentication: { type: 'SystemAssignedIdentity' }
        }
      }
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: scaling.instanceMemoryMB
        maximumInstanceCount: scaling.maximumInstanceCount
        alwaysReady: scaling.alwaysReady > 0 ? [{ name: 'http', instanceCount: scaling.alwaysReady }] : []
        triggers: { http: { perInstanceConcurrency: scaling.httpConcurrency } }
      }
      #disable-next-line BCP037 // Not in the published type yet.
      siteUpdateStrategy: { type: updateStrategy }
    }
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
      remoteDebuggingEnabled: false
      cors: { allowedOrigins: [] }
      // Where designers and API Management find what it can do (docs/api.md).
      apiDefinition: { url: '${origin}/swagger.json' }
      ipSecurityRestrictionsDefaultAction: empty(allowedIps) ? 'Allow' : 'Deny'
      ipSecurityRestrictions: [
        for (address, index) in allowedIps: {
          name: 'allowed-${index}'
          action: 'Allow'
          priority: 100 + index
          ipAddress: address
        }
      ]
      scmIpSecurityRestrictionsUseMain: false
    }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

#disable-next-line use-recent-api-versions // The newest there is.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'FunctionAppLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('The gateway\'s identity.')
output principalId string = app.identity.principalId
