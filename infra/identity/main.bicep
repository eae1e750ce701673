// Optional, and apart: the Graph extension comes over the network and needs Graph permissions that few pipelines have.
extension microsoftGraphV1

@description('Name of the application.')
param appName string = 'sallyport'

@description('The Azure CLI: people get tokens with `az account get-access-token --resource api://<appId>`.')
param preauthorized string = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

var scopeId = guid(appName, 'user_impersonation')

resource application 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: appName
  displayName: appName
  signInAudience: 'AzureADMyOrg'
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: scopeId
        value: 'user_impersonation'
        type: 'User'
        isEnabled: true
        adminConsentDisplayName: 'Ask the gateway'
        adminConsentDescription: 'Ask the gateway as the signed-in user.'
      }
    ]
    preAuthorizedApplications: [{ appId: preauthorized, delegatedPermissionIds: [scopeId] }]
  }
}

// Without this any application of the tenant gets a token for the gateway; policy would still refuse it.
resource principal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: application.appId
  appRoleAssignmentRequired: true
}

output clientId string = application.appId
output principalId string = principal.id
