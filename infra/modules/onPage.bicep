import { roles } from '../names.bicep'

@description('Name of the storage account of this resource group whose static website is the issuer\'s page.')
param name string
@description('The gateway\'s identity.')
param principalId string

resource account 'Microsoft.Storage/storageAccounts@2026-04-01' existing = {
  name: name

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource page 'containers' existing = { name: '$web' }
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account::blobs::page
  name: guid(account::blobs::page.id, principalId, roles.blobDataContributor)
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles.blobDataContributor)
  }
}
