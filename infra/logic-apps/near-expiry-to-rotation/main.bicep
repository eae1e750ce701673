@description('Name of the workflow.')
@minLength(1)
@maxLength(72)
param name string
@description('Region.')
param location string = resourceGroup().location
@description('Tags of everything.')
param tags { *: string } = {}
@description('Id of the Log Analytics workspace that takes the logs.')
param workspaceId string
@description('Address of the gateway, which is the issuer of its own tokens: `https://…` without a slash at its end.')
param gatewayUrl string
@description('Application ID URI of the gateway, exactly: `api://…`.')
@minLength(1)
param audience string
@description('Name of the vault, in this resource group, whose events are taken.')
param vaultName string
@description('Name of the secret in that vault.')
param objectName string
@description('Name of its rotation.')
param rotation string
@description('Whether the workflow\'s role on the vault\'s events is assigned here.')
param assignRoles bool = true

func https(what string, url string) string =>
  startsWith(url, 'https://') && !endsWith(url, '/')
    ? url
    : fail('${what} must begin with https:// and end without a slash')

var eventSubscriptionContributor = '428e0ff0-5e57-4d9c-a221-2c70d0e0a443'
var managedApi = subscriptionResourceId('Microsoft.Web/locations/managedApis', location, 'azureeventgrid')

resource vault 'Microsoft.KeyVault/vaults@2026-02-01' existing = { name: vaultName }

resource connection 'Microsoft.Web/connections@2016-06-01' = {
  name: '${name}-events'
  location: location
  tags: tags
  properties: {
    displayName: 'Events of ${vaultName}'
    api: { id: managedApi }
    #disable-next-line BCP037 // Not in the type: connections by a managed identity have it.
    parameterValueType: 'Alternative'
  }
}

resource workflow 'Microsoft.Logic/workflows@2019-05-01' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    state: 'Enabled'
    definition: loadJsonContent('workflow.json')
    parameters: {
      gatewayUrl: { value: https('gatewayUrl', gatewayUrl) }
      audience: { value: audience }
      vaultId: { value: vault.id }
      objectName: { value: objectName }
      rotation: { value: rotation }
      '$connections': {
        value: {
          azureeventgrid: {
            id: managedApi
            connectionId: connection.id
            connectionName: connection.name
            connectionProperties: { authentication: { type: 'ManagedServiceIdentity' } }
          }
        }
      }
    }
  }
}

#disable-next-line use-recent-api-versions // The newest there is.
resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: workflow
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Object id of the workflow\'s identity: whom policy.json is about.')
output principalId string = workflow.identity.principalId

resource subscribes 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  scope: vault
  name: guid(vault.id, workflow.id, eventSubscriptionContributor)
  properties: {
    principalId: workflow.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', eventSubscriptionContributor)
  }
}
