import { cloud, namedResource, networkMode, scale, secretGrant, settings, target } from 'types.bicep'
import { namesOf, roles as roleIds, suffixes } from 'names.bicep'

targetScope = 'subscription'

@description('Names everything; small letters, digits and hyphens.')
@minLength(1)
@maxLength(20)
param environmentName string
@description('Region.')
@metadata({ azd: { type: 'location' } })
param location string
@description('Changes every name: for a second try, since a vault\'s name stays taken for 90 days.')
@maxLength(20)
param nameSalt string = ''
@description('Who deploys, and writes policies.')
param principalId string = deployer().objectId
@description('What the deployer is.')
param principalType 'User' | 'Group' | 'ServicePrincipal' = 'User'
@description('The Azure cloud.')
param cloudName cloud = 'AzurePublic'
@description('Who can reach what.')
param network networkMode = 'privateData'
@description('Addresses in CIDR notation that may call; empty: all.')
@maxLength(200)
param allowedIps string[] = []
@description('Who publishes discovery and keys: the app, or a public static page, which a private app needs.')
param publicIssuer 'app' | 'static' = 'app'
@description('Origin of that page, such as https://issuer.example.com.')
param staticIssuer string = ''
@description('Storage account whose static website is that page: the gateway writes it. It must exist; left out: you keep the page up to date.')
param pageAccount namedResource?
@description('Whether roles are assigned; false prints what somebody who may has to assign.')
param assignRoles bool = true
@description('The gateway hands out all of the main vault, or what secretGrants lists.')
param vaultAccess 'vault' | 'perSecret' = 'vault'
@description('Secrets by name, for perSecret.')
@maxLength(500)
param secretGrants secretGrant[] = []
@description('Name of the main vault; empty: computed.')
@maxLength(24)
param mainVaultName string = ''
@description('Whether policies may be written through the gateway; else by the CLI alone.')
param policyApi bool = false
@description('Size of the app.')
param scaling scale
@description('Version of Node.')
param nodeVersion '22' | '24' = '24'
@description('Recreate, or the preview that replaces instances one by one.')
param updateStrategy 'Recreate' | 'RollingUpdate' = 'Recreate'
@description('Days that a checkpoint cannot be changed.')
@minValue(1)
@maxValue(146000)
param immutabilityDays int = 365
@description('Whether the CLI locks the journal\'s immutability policy: nobody can take that back.')
param lockJournal bool = false
@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90
@description('Gigabytes of logs on a day; -1: any number.')
@minValue(-1)
@maxValue(1000)
param logDailyQuotaGb int = 5
@description('Who is told of alerts.')
@maxLength(20)
param alertEmails string[] = []
@description('Times of the timers and limits, as in shared/config.ts.')
param limits settings = {}
@description('Hosts that callbacks may go to, such as *.logic.azure.com; empty: none.')
@maxLength(50)
param callbackHosts string[] = []
@description('Proxies of ours in front of the app.')
@minValue(0)
@maxValue(8)
param trustedHops int = 1
@description('Origin under which callers reach the gateway; empty: the app itself.')
param frontDoor string = ''
@description('Accounts, registries and Web PubSubs that tokens are made for.')
@maxLength(100)
param targets target[] = []
@description('Storage accounts whose keys are rotated.')
@maxLength(100)
param rotatedAccounts namedResource[] = []
@description('Whether the review may read which roles the gateway has: Reader on its data account, its vaults and rotatedAccounts.')
param review bool = false

var token = uniqueString(subscription().id, environmentName, location, nameSalt)
var named = namesOf(environmentName, token, mainVaultName)
var tags = { 'azd-env-name': environmentName }
var isPrivate = network == 'private'
var hasPrivateData = network != 'public'
var vaultNames = [named.gatewayVault, named.mainVault]
var suffix = suffixes[cloudName]
var appOrigin = 'https://${named.app}.${suffix.sites}'

var issuer = publicIssuer == 'app'
  ? (isPrivate
      ? fail('network `private` needs publicIssuer `static` and staticIssuer: other clouds must be able to read the keys.')
      : appOrigin)
  : (startsWith(staticIssuer, 'https://')
      ? staticIssuer
      : fail('publicIssuer `static` needs staticIssuer: the https origin of the page, such as https://issuer.example.com.'))
var issuerPages = pageAccount == null
  ? ''
  : (publicIssuer == 'static'
      ? 'https://${pageAccount!.name}.blob.${suffix.storage}/$web'
      : fail('pageAccount needs publicIssuer `static`: otherwise the app itself publishes the keys.'))
var checkedGrants = vaultAccess == 'perSecret' && empty(secretGrants)
  ? fail('vaultAccess `perSecret` needs secretGrants: name each secret and whether it is read or rotated.')
  : secretGrants

var groupId = '${subscription().id}/resourceGroups/${named.resourceGroup}'
var accountScopes = map(
  rotatedAccounts,
  each =>
    '${subscription().id}/resourceGroups/${each.resourceGroup}/providers/Microsoft.Storage/storageAccounts/${each.name}'
)
var reviewScopes = concat(
  ['${groupId}/providers/Microsoft.Storage/storageAccounts/${named.dataStorage}'],
  map(vaultNames, name => '${groupId}/providers/Microsoft.KeyVault/vaults/${name}'),
  accountScopes
)

var gatewaySettings = union(
  {
    SALLYPORT_CLOUD: cloudName
    SALLYPORT_IDENTITY: '{"ManagedIdentityIdType":"SystemAssigned"}'
    SALLYPORT_ISSUER: issuer
    SALLYPORT_FRONT_DOOR: empty(frontDoor) ? appOrigin : frontDoor
    SALLYPORT_TABLE_ENDPOINT: 'https://${named.dataStorage}.table.${suffix.storage}'
    SALLYPORT_VAULTS: 'main=https://${named.mainVault}.${suffix.vault}'
    SALLYPORT_GATEWAY_VAULT: 'https://${named.gatewayVault}.${suffix.vault}'
    SALLYPORT_TRUSTED_HOPS: string(trustedHops)
    SALLYPORT_POLICY_POLL_SECONDS: '5'
    SALLYPORT_POLICY_MAX_STALE_SECONDS: '60'
    SALLYPORT_JOURNAL_DEADLINE_MS: '2000'
    SALLYPORT_SECRET_CACHE_SECONDS: '300'
    SALLYPORT_GRANT_MAX_SECONDS: '28800'
    SALLYPORT_PRINCIPAL_RATE: '3000/min'
    SALLYPORT_ROTATE_SCHEDULE: '0 * * * * *'
    SALLYPORT_SEAL_SCHEDULE: '0 * * * * *'
  },
  policyApi ? { SALLYPORT_POLICY_API: 'on' } : {},
  empty(issuerPages) ? {} : { SALLYPORT_ISSUER_PAGES: issuerPages },
  review ? { SALLYPORT_REVIEW_SCOPES: join(reviewScopes, ',') } : {},
  empty(callbackHosts) ? {} : { SALLYPORT_CALLBACK_HOSTS: join(callbackHosts, ',') },
  limits
)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: named.resourceGroup
  location: location
  tags: tags
}

var workspaceId = '${group.id}/providers/Microsoft.OperationalInsights/workspaces/${named.workspace}'
var subnetId = hasPrivateData
  ? '${group.id}/providers/Microsoft.Network/virtualNetworks/${named.network}/subnets/apps'
  : ''

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: named.workspace
    insightsName: named.insights
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
  }
}

module hostStorage 'modules/hostStorage.bicep' = {
  scope: group
  params: {
    name: named.hostStorage
    location: location
    tags: tags
    zoneRedundant: scaling.zoneRedundant
    isPrivate: hasPrivateData
    workspaceId: workspaceId
  }
  dependsOn: [monitoring]
}

module dataStorage 'modules/dataStorage.bicep' = {
  scope: group
  params: {
    name: named.dataStorage
    location: location
    tags: tags
    zoneRedundant: scaling.zoneRedundant
    isPrivate: hasPrivateData
    immutabilityDays: immutabilityDays
    workspaceId: workspaceId
  }
  dependsOn: [monitoring]
}

module vaults 'modules/vaults.bicep' = {
  scope: group
  params: {
    gatewayVault: named.gatewayVault
    mainVault: named.mainVault
    location: location
    tags: tags
    isPrivate: hasPrivateData
    workspaceId: workspaceId
  }
  dependsOn: [monitoring]
}

module privateNetwork 'modules/network.bicep' = if (hasPrivateData) {
  scope: group
  params: {
    name: named.network
    location: location
    tags: tags
    hostStorageName: named.hostStorage
    storageSuffix: suffix.storage
    dataStorageName: named.dataStorage
    vaultNames: vaultNames
    vaultZone: suffix.vaultZone
  }
  dependsOn: [hostStorage, dataStorage, vaults]
}

module functionApp 'modules/functionApp.bicep' = {
  scope: group
  params: {
    planName: named.plan
    appName: named.app
    hostStorageName: named.hostStorage
    storageSuffix: suffix.storage
    location: location
    tags: tags
    scaling: scaling
    nodeVersion: nodeVersion
    isPrivate: isPrivate
    allowedIps: allowedIps
    subnetId: subnetId
    updateStrategy: updateStrategy
    origin: appOrigin
    workspaceId: workspaceId
  }
  dependsOn: [hostStorage, privateNetwork]
}

module inbound 'modules/inbound.bicep' = if (isPrivate) {
  scope: group
  params: {
    appName: named.app
    networkName: named.network
    location: location
    tags: tags
    zone: 'privatelink.${suffix.sites}'
  }
  dependsOn: [functionApp]
}

module roles 'modules/roles.bicep' = if (assignRoles) {
  scope: group
  params: {
    named: named
    principalId: functionApp.outputs.principalId
    deployerId: principalId
    deployerType: principalType
    policyApi: policyApi
    vaultAccess: vaultAccess
    secretGrants: checkedGrants
    review: review
  }
  dependsOn: [monitoring, dataStorage, vaults]
}

module events 'modules/events.bicep' = {
  scope: group
  params: {
    topicName: named.topic
    vaultName: named.mainVault
    dataStorageName: named.dataStorage
    location: location
    tags: tags
    assignRoles: assignRoles
    workspaceId: workspaceId
  }
  dependsOn: [dataStorage, vaults]
}

module alerts 'modules/alerts.bicep' = {
  scope: group
  params: {
    workspaceName: named.workspace
    dataStorageName: named.dataStorage
    vaultNames: vaultNames
    location: location
    tags: tags
    deployers: policyApi ? [principalId, functionApp.outputs.principalId] : [principalId]
    gateway: functionApp.outputs.principalId
    emails: alertEmails
  }
  dependsOn: [monitoring, vaults]
}

module onTargets 'modules/targets.bicep' = [
  for each in targets: if (assignRoles) {
    scope: resourceGroup(each.resourceGroup)
    params: { name: each.name, access: each.access, principalId: functionApp.outputs.principalId }
  }
]

module rotators 'modules/onAccount.bicep' = [
  for each in rotatedAccounts: if (assignRoles) {
    scope: resourceGroup(each.resourceGroup)
    params: { name: each.name, role: roleIds.storageKeyOperator, principalId: functionApp.outputs.principalId }
  }
]

module reviewsRotated 'modules/onAccount.bicep' = [
  for each in rotatedAccounts: if (assignRoles && review) {
    scope: resourceGroup(each.resourceGroup)
    params: { name: each.name, role: roleIds.reader, principalId: functionApp.outputs.principalId }
  }
]

module onPage 'modules/onPage.bicep' = if (assignRoles && pageAccount != null) {
  scope: resourceGroup(pageAccount.?resourceGroup ?? named.resourceGroup)
  params: { name: pageAccount.?name ?? 'none', principalId: functionApp.outputs.principalId }
}

module appSettings 'modules/appSettings.bicep' = {
  scope: group
  params: {
    appName: named.app
    insightsName: named.insights
    hostStorageName: named.hostStorage
    storageSuffix: suffix.storage
    gatewaySettings: gatewaySettings
  }
  dependsOn: [functionApp, roles, monitoring]
}

output AZURE_RESOURCE_GROUP string = group.name
output SALLYPORT_ISSUER string = issuer
output SALLYPORT_FRONT_DOOR string = empty(frontDoor) ? appOrigin : frontDoor
output SALLYPORT_APP string = named.app
output SALLYPORT_PRINCIPAL_ID string = functionApp.outputs.principalId
output SALLYPORT_EVENTS_PRINCIPAL_ID string = events.outputs.principalId
output SALLYPORT_TABLE_ENDPOINT string = 'https://${named.dataStorage}.table.${suffix.storage}'
output SALLYPORT_DATA_ACCOUNT string = named.dataStorage
output SALLYPORT_GATEWAY_VAULT string = named.gatewayVault
output SALLYPORT_MAIN_VAULT string = named.mainVault
output SALLYPORT_LOCK_JOURNAL bool = lockJournal
output SALLYPORT_ASSIGN_ROLES bool = assignRoles
output SALLYPORT_VAULT_ACCESS string = vaultAccess
output SALLYPORT_POLICY_API bool = policyApi
