@description('Name of the workspace.')
param workspaceName string
@description('Name of the Application Insights component.')
param insightsName string
@description('Region.')
param location string
@description('Tags of everything.')
param tags { *: string }
@description('How long logs are kept.')
param retentionDays int
@description('Gigabytes that may come in on a day; -1: any number.')
param dailyQuotaGb int

resource workspace 'Microsoft.OperationalInsights/workspaces@2026-03-01' = {
  name: workspaceName
  location: location
  tags: tags
  properties: {
    sku: { name: 'PerGB2018' }
    retentionInDays: retentionDays
    workspaceCapping: { dailyQuotaGb: dailyQuotaGb }
    features: { disableLocalAuth: true, enableLogAccessUsingOnlyResourcePermissions: true }
  }
}

resource insights 'Microsoft.Insights/components@2020-02-02' = {
  name: insightsName
  location: location
  tags: tags
  kind: 'web'
  properties: {
    Application_Type: 'web'
    WorkspaceResourceId: workspace.id
    DisableLocalAuth: true
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspace.id, 'sallyport')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Sallyport'
    category: 'workbook'
    sourceId: workspace.id
    serializedData: string(loadJsonContent('../workbook.json'))
  }
}
