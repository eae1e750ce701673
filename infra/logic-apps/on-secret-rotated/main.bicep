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
@description('Name of the rotation that is listened to.')
param rotation string
@description('Who must read the secret anew: an `https://…` address.')
param apiUrl string
@description('Application ID URI of that API.')
@minLength(1)
param apiAudience string
@description('Whether the renewal\'s role on the workflow is assigned here.')
param assignRoles bool = true
@description('Azure Resource Manager of the cloud, without a slash at its end.')
#disable-next-line no-hardcoded-env-urls // environment() is known at run time only: predictions would stop at it.
param armUrl string = 'https://management.azure.com'

func https(what string, url string) string =>
  startsWith(url, 'https://') && !endsWith(url, '/')
    ? url
    : fail('${what} must begin with https:// and end without a slash')

var logicAppOperator = '515c2055-d9d4-4321-b1b9-bd0c9a0f79fe'

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
      rotation: { value: rotation }
      apiUrl: { value: https('apiUrl', apiUrl) }
      apiAudience: { value: apiAudience }
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

resource renewal 'Microsoft.Logic/workflows@2019-05-01' = {
  name: '${name}-renewal'
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    state: 'Enabled'
    definition: loadJsonContent('workflow.renew.json')
    parameters: {
      armUrl: { value: https('armUrl', armUrl) }
      armAudience: { value: '${armUrl}/' }
      workflow: { value: substring(workflow.id, 1) }
    }
  }
}

#disable-next-line use-recent-api-versions // The newest there is.
resource renewalLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: renewal
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ categoryGroup: 'allLogs', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

resource renews 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (assignRoles) {
  scope: workflow
  name: guid(workflow.id, renewal.id, logicAppOperator)
  properties: {
    principalId: renewal.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', logicAppOperator)
  }
}
