import ipaddr from 'ipaddr.js'
import { GatewayError } from '../../errors.ts'
import type { SasAddress } from './sas.ts'

/**
 * The policy's address condition as `sip` takes it: one IPv4 address or one range
 * (learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas#specify-an-ip-address-or-ip-range). Anything
 * else cannot be kept by a SAS, so there is none: throws `invalid_request`.
 */
export function sasAddress(addresses: readonly string[] | undefined): SasAddress | undefined {
  if (addresses === undefined) return undefined
  const [range, ...more] = addresses
  if (range === undefined || more.length > 0 || range.includes(':')) throw inexpressible()
  const cidr = range.includes('/') ? range : `${range}/32`
  if (!ipaddr.IPv4.isValidCIDR(cidr)) throw inexpressible()
  const start = ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()
  const end = ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString()
  return start === end ? { start } : { start, end }
}

const inexpressible = () =>
  new GatewayError('invalid_request', 'sas_address_condition', {
    detail: 'the policy’s address condition is not one IPv4 address or range, which is all that a SAS can keep',
  })
