@description('Name of a storage account of this resource group.')
param name string
@description('Id of the role: Key Operator, and Reader where the review looks at roles.')
param role string
@description('The gateway\'s identity.')
param principalId string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = { name: name }

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account
  name: guid(account.id, principalId, role)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
  }
}
