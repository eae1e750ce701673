import { settings } from '../types.bicep'

@description('Name of the app.')
param appName string
@description('Name of the Application Insights component.')
param insightsName string
@description('Account of the Functions host.')
param hostStorageName string
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
    AzureWebJobsStorage__blobServiceUri: 'https://${hostStorageName}.blob.${environment().suffixes.storage}'
    AzureWebJobsStorage__queueServiceUri: 'https://${hostStorageName}.queue.${environment().suffixes.storage}'
    AzureWebJobsStorage__tableServiceUri: 'https://${hostStorageName}.table.${environment().suffixes.storage}'
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD'
  })
}
