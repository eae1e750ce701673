using '../main.bicep'

param environmentName = 'dev'
param location = 'northeurope'
param principalId = readEnvironmentVariable('AZURE_PRINCIPAL_ID', '00000000-0000-0000-0000-00000000d0e5')
param principalType = 'User'
param network = 'public'
param assignRoles = true
param vaultAccess = 'vault'
param secretGrants = []
param publicIssuer = 'app'
param staticIssuer = ''
param policyApi = true
param logRetentionDays = 30
param logDailyQuotaGb = 1
param immutabilityDays = 1
param scaling = {
  instanceMemoryMB: 512
  maximumInstanceCount: 40
  alwaysReady: 0
  httpConcurrency: 8
  zoneRedundant: false
}
