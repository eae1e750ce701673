import type { Resource } from '../snapshot.ts'
import { at, count, ofType, type Rule } from './rule.ts'

const NETWORK = 'Microsoft.Network'

/** A private endpoint for each thing that is not public, and a linked zone for each endpoint. */
export const privateNetwork: Rule = (snapshot, { network }) => {
  const endpoints = ofType(snapshot, `${NETWORK}/privateEndpoints`)
  if (network === 'public') return count(snapshot, `${NETWORK}/privateEndpoints`, 0)
  const wanted = [
    ...ofType(snapshot, 'Microsoft.Storage/storageAccounts').flatMap(({ id }) =>
      ['blob', 'queue', 'table'].map((group) => `${id} ${group}`),
    ),
    ...ofType(snapshot, 'Microsoft.KeyVault/vaults').map(({ id }) => `${id} vault`),
    ...(network === 'private' ? ofType(snapshot, 'Microsoft.Web/sites').map(({ id }) => `${id} sites`) : []),
  ]
  const are = endpoints.map(target)
  const groups = ofType(snapshot, `${NETWORK}/privateEndpoints/privateDnsZoneGroups`)
  const links = ofType(snapshot, `${NETWORK}/privateDnsZones/virtualNetworkLinks`)
  const zones = ofType(snapshot, `${NETWORK}/privateDnsZones`)
  return [
    ...wanted.filter((each) => !are.includes(each)).map((each) => `no private endpoint for ${each}`),
    ...endpoints
      .filter(
        ({ id }) =>
          !groups.some((group) => group.id.startsWith(`${id}/`) && zones.some(({ id }) => id === zoneOf(group))),
      )
      .map(({ name }) => `${name}: no private DNS zone, its name would lead to the public address`),
    ...zones
      .filter(({ id }) => !links.some((link) => link.id.startsWith(`${id}/`)))
      .map(({ name }) => `${name}: not linked`),
  ]
}

const connection = (endpoint: Resource) => (at(endpoint, 'properties.privateLinkServiceConnections') as unknown[])[0]

const target = (endpoint: Resource) =>
  `${at(connection(endpoint), 'properties.privateLinkServiceId')} ${(at(connection(endpoint), 'properties.groupIds') as string[]).join()}`

const zoneOf = (group: Resource) =>
  at((at(group, 'properties.privateDnsZoneConfigs') as unknown[])[0], 'properties.privateDnsZoneId')
