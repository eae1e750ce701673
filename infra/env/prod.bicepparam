using '../main.bicep'

param environmentName = 'prod'
param location = 'northeurope'
param principalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '00000000-0000-0000-0000-00000000d0e5')
param principalType = 'ServicePrincipal'
param network = 'privateData'
param assignRoles = true
param vaultAccess = 'vault'
param secretGrants = []
param publicIssuer = 'app'
param staticIssuer = ''
param policyApi = false
param callbackHosts = ['*.logic.azure.com']
param lockJournal = true
param logRetentionDays = 180
param logDailyQuotaGb = 20
param immutabilityDays = 2555
param alertEmails = ['operators@example.com']
param scaling = {
  instanceMemoryMB: 2048
  maximumInstanceCount: 100
  alwaysReady: 2
  httpConcurrency: 32
  zoneRedundant: true
}
