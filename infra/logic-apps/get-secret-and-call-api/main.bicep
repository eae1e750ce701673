@description('Name of the workflow.')
@minLength(1)
@maxLength(80)
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
@description('What is fetched: `<vault>/<name>`.')
param item string
@description('Where the secret is needed: an `https://…` address.')
param apiUrl string
@description('`value`: the workflow takes the secret to the API. `handle`: it passes a one-time handle, and the value never comes here.')
param variant 'value' | 'handle' = 'value'
@description('For `handle`: Application ID URI of the API.')
param apiAudience string = ''
@description('For `handle`: principal id of the API at the gateway, `entra:<tenant>:<object id>`.')
param redeemer string = ''

func https(what string, url string) string =>
  startsWith(url, 'https://') && !endsWith(url, '/')
    ? url
    : fail('${what} must begin with https:// and end without a slash')

func given(what string, value string) string => empty(value) ? fail('variant `handle` needs ${what}') : value

var always = {
  gatewayUrl: { value: https('gatewayUrl', gatewayUrl) }
  audience: { value: audience }
  item: { value: item }
  apiUrl: { value: https('apiUrl', apiUrl) }
}

resource workflow 'Microsoft.Logic/workflows@2019-05-01' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' }
  properties: {
    state: 'Enabled'
    definition: variant == 'value' ? loadJsonContent('workflow.json') : loadJsonContent('workflow.handle.json')
    parameters: variant == 'value'
      ? always
      : union(always, {
          apiAudience: { value: given('apiAudience', apiAudience) }
          redeemer: { value: given('redeemer', redeemer) }
        })
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
