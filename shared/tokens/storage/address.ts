import { GatewayError } from '../../errors.ts'
import { ipv4Span } from '../../policy/match/address.ts'
import type { SasAddress } from './sas.ts'

/**
 * The policy's address condition as `sip` takes it: one IPv4 address or one range
 * (learn.microsoft.com/rest/api/storageservices/create-user-delegation-sas#specify-an-ip-address-or-ip-range). Anything
 * else cannot be kept by a SAS, so there is none: throws `invalid_request`.
 */
export function sasAddress(addresses: readonly string[] | undefined): SasAddress | undefined {
  if (addresses === undefined) return undefined
  const span = ipv4Span(addresses)
  if (!span) throw new GatewayError('invalid_request', 'sas_address_condition', { detail: INEXPRESSIBLE })
  return span
}

const INEXPRESSIBLE =
  'the policy’s address condition is not one IPv4 address or range, which is all that a SAS can keep'
