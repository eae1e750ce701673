@description('The app.')
param appName string
@description('The virtual network, with its subnet for endpoints.')
param networkName string
@description('Region.')
param location string
@description('Tags of everything.')
param tags { *: string }
@description('Name of the private DNS zone of sites.')
param zone string

resource app 'Microsoft.Web/sites@2025-03-01' existing = { name: appName }

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' existing = { name: networkName }

resource privateZone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: zone
  location: 'global'
  tags: tags

  resource link 'virtualNetworkLinks' = {
    name: networkName
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
}

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: 'pe-${appName}-sites'
  location: location
  tags: tags
  properties: {
    subnet: { id: '${network.id}/subnets/endpoints' }
    privateLinkServiceConnections: [
      { name: 'sites', properties: { privateLinkServiceId: app.id, groupIds: ['sites'] } }
    ]
  }

  resource zones 'privateDnsZoneGroups' = {
    name: 'default'
    properties: { privateDnsZoneConfigs: [{ name: 'sites', properties: { privateDnsZoneId: privateZone.id } }] }
  }
}
