import { settings } from '../types.bicep'

@description('Name of the app.')
param appName string
@description('Name of the Application Insights component.')
param insightsName string
@description('Account of the Functions host.')
param hostStorageName string
@description('What names of storage end in, such as the last three parts of account.blob.SUFFIX.')
param storageSuffix string
@description('Settings of the gateway.')
param gatewaySettings settings

resource insights 'Microsoft.Insights/components@2020-02-02' existing = { name: insightsName }

resource app 'Microsoft.Web/sites@2025-03-01' existing = { name: appName }

// One write for all: each is an update of the site. It comes after the roles, or the host starts without its storage.
resource appSettings 'Microsoft.Web/sites/config@2025-03-01' = {
  parent: app
  name: 'appsettings'
  properties: union(gatewaySettings, {
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__blobServiceUri: 'https://${hostStorageName}.blob.${storageSuffix}'
    AzureWebJobsStorage__queueServiceUri: 'https://${hostStorageName}.queue.${storageSuffix}'
    AzureWebJobsStorage__tableServiceUri: 'https://${hostStorageName}.table.${storageSuffix}'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD'
  })
}
