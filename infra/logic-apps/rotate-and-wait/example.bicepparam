using 'main.bicep'

param name = 'logic-rotate-and-wait'
param location = 'northeurope'
param workspaceId = '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-dev/providers/Microsoft.OperationalInsights/workspaces/log-dev'
param gatewayUrl = 'https://func-dev.azurewebsites.net'
param audience = 'api://sallyport'
param rotation = 'orders-db-password'
