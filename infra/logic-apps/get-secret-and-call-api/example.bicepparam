using 'main.bicep'

param name = 'logic-get-secret-and-call-api'
param location = 'northeurope'
param workspaceId = '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-dev/providers/Microsoft.OperationalInsights/workspaces/log-dev'
param gatewayUrl = 'https://func-dev.azurewebsites.net'
param audience = 'api://sallyport'
param item = 'main/stripe-api-key'
param apiUrl = 'https://api.example.com/charges'
