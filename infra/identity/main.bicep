// Optional, and apart: the Graph extension comes over the network and needs Graph permissions that few pipelines have.
extension microsoftGraphV1

@description('What a per-scope identity is for: the gateway asks Entra for its tokens with an assertion of its own.')
type federatedApp = {
  @description('Name of the application.')
  @minLength(1)
  @maxLength(90)
  name: string

  @description('Name of the target document of kind `entra`: the assertion says `sub` `scope:<target>`.')
  @minLength(1)
  @maxLength(90)
  target: string
}

@description('Name of the application.')
param appName string = 'sallyport'

@description('The Azure CLI: people get tokens with `az account get-access-token --resource api://<appId>`.')
param preauthorized string = '04b07795-8ddb-461a-bbee-02f9e1bf7b46'

@description('Object id of the gateway\'s identity (output SALLYPORT_PRINCIPAL_ID); empty: it gets no Graph permission.')
param gatewayPrincipalId string = ''

@description('Whether the gateway rotates secrets of applications that it owns.')
param rotatesApplications bool = false

@description('Whether the review may list service principals.')
param reviewsDirectory bool = false

@description('The issuer of the gateway (output SALLYPORT_ISSUER), for federatedApps.')
param issuer string = ''

@description('Audience of assertions: api://AzureADTokenExchange, with China or USGov behind it in those clouds.')
param exchangeAudience string = 'api://AzureADTokenExchange'

@description('Applications whose tokens the gateway hands out.')
param federatedApps federatedApp[] = []

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

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = { appId: '00000003-0000-0000-c000-000000000000' }

// Application.ReadWrite.OwnedBy: of applications that have the gateway as an owner, and no others.
resource rotates 'Microsoft.Graph/appRoleAssignedTo@v1.0' = if (rotatesApplications && !empty(gatewayPrincipalId)) {
  appRoleId: '18a4783c-866b-4cc7-a460-3d5e5662c884'
  principalId: gatewayPrincipalId
  resourceId: graph.id
}

// Application.Read.All.
resource reviews 'Microsoft.Graph/appRoleAssignedTo@v1.0' = if (reviewsDirectory && !empty(gatewayPrincipalId)) {
  appRoleId: '9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30'
  principalId: gatewayPrincipalId
  resourceId: graph.id
}

resource scopes 'Microsoft.Graph/applications@v1.0' = [
  for each in federatedApps: {
    uniqueName: each.name
    displayName: each.name
    signInAudience: 'AzureADMyOrg'
  }
]

resource scopePrincipals 'Microsoft.Graph/servicePrincipals@v1.0' = [
  for (each, index) in federatedApps: { appId: scopes[index].appId }
]

resource credentials 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = [
  for (each, index) in federatedApps: {
    name: '${scopes[index].uniqueName}/sallyport'
    issuer: issuer
    subject: 'scope:${each.target}'
    audiences: [exchangeAudience]
  }
]

output clientId string = application.appId
output principalId string = principal.id
output scopeClientIds string[] = [for (each, index) in federatedApps: scopes[index].appId]
