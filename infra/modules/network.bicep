@description('Name of the virtual network.')
param name string
@description('Region.')
param location string
@description('Tags of everything.')
param tags { *: string }
@description('Host account.')
param hostStorageName string
@description('What names of storage end in, such as the last three parts of account.blob.SUFFIX.')
param storageSuffix string
@description('Data account.')
param dataStorageName string
@description('Vaults.')
param vaultNames string[]
@description('Private DNS zone of vaults.')
param vaultZone string

var zones = {
  blob: 'privatelink.blob.${storageSuffix}'
  queue: 'privatelink.queue.${storageSuffix}'
  table: 'privatelink.table.${storageSuffix}'
  vault: vaultZone
}

var storageEndpoints = flatten(map(
  [hostStorageName, dataStorageName],
  account => map(['blob', 'queue', 'table'], service => { target: account, group: service, zone: zones[service] })
))
var vaultEndpoints = map(vaultNames, vault => { target: vault, group: 'vault', zone: zones.vault })
var endpoints = concat(storageEndpoints, vaultEndpoints)
var zoneNames = union(map(endpoints, endpoint => endpoint.zone), [])

var types = {
  blob: 'Microsoft.Storage/storageAccounts'
  queue: 'Microsoft.Storage/storageAccounts'
  table: 'Microsoft.Storage/storageAccounts'
  vault: 'Microsoft.KeyVault/vaults'
}

resource rules 'Microsoft.Network/networkSecurityGroups@2025-05-01' = {
  name: 'nsg-${name}'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'deny-inbound-from-internet'
        properties: {
          priority: 4000
          direction: 'Inbound'
          access: 'Deny'
          protocol: '*'
          sourceAddressPrefix: 'Internet'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: ['10.0.0.0/16'] }
    subnets: [
      {
        name: 'apps'
        properties: {
          addressPrefix: '10.0.0.0/24'
          networkSecurityGroup: { id: rules.id }
          delegations: [
            { name: 'flex', properties: { serviceName: 'Microsoft.App/environments' } }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: '10.0.1.0/24'
          networkSecurityGroup: { id: rules.id }
          privateEndpointNetworkPolicies: 'Enabled'
        }
      }
    ]
  }
}

resource privateZones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for zone in zoneNames: {
    name: zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (zone, index) in zoneNames: {
    parent: privateZones[index]
    name: name
    location: 'global'
    tags: tags
    properties: { registrationEnabled: false, virtualNetwork: { id: network.id } }
  }
]

resource privateEndpoints 'Microsoft.Network/privateEndpoints@2025-05-01' = [
  for endpoint in endpoints: {
    name: 'pe-${endpoint.target}-${endpoint.group}'
    location: location
    tags: tags
    properties: {
      subnet: { id: '${network.id}/subnets/endpoints' }
      privateLinkServiceConnections: [
        {
          name: endpoint.group
          properties: {
            privateLinkServiceId: resourceId(types[endpoint.group], endpoint.target)
            groupIds: [endpoint.group]
          }
        }
      ]
    }
  }
]

resource zoneGroups 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2025-05-01' = [
  for (endpoint, index) in endpoints: {
    parent: privateEndpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: endpoint.group
          properties: { privateDnsZoneId: resourceId('Microsoft.Network/privateDnsZones', endpoint.zone) }
        }
      ]
    }
    dependsOn: [privateZones]
  }
]
