import { GatewayError } from '../../errors.ts'
import type { Principal } from '../../identity/principal.ts'
import type { SasPermission, StorageSasToken } from '../../policy/documents/target-kinds/storage-sas.ts'
import type { TokenOrder } from '../kinds/kind.ts'
import { boundLifetime, TOO_SHORT } from '../lifetime.ts'
import { narrowScope } from '../scope.ts'
import { sasAddress } from './address.ts'
import { placeOf, type StorageFacts } from './place.ts'
import type { SasOrder, SasPlace } from './sas.ts'

/**
 * Everything about a SAS but its signature, no wider and no longer than every bound allows. Pure. Throws `invalid_scope`,
 * `invalid_request` or `access_denied`.
 */
export function planSas(order: TokenOrder<'storage-sas'>, facts: StorageFacts): SasOrder {
  const { token } = order.target
  const place = placeOf(token, order.path, facts)
  const permissions = permissionsOf(order.scope, token, place)
  const maxSeconds = [order.ttlSeconds, order.obligations.maxTtlSeconds, token.maxTtlSeconds]
  const lifetime = boundLifetime({ now: order.now, maxSeconds, notAfter: order.notAfter })
  if (!lifetime) throw new GatewayError('invalid_request', 'lifetime_too_short', { detail: TOO_SHORT })
  const address = sasAddress(order.obligations.addresses)
  const holder = token.holder && { how: token.holder, ...entraIds(order.subject) }
  return {
    place,
    permissions,
    expiresAt: lifetime.exp,
    correlationId: order.txn,
    ...(address && { address }),
    ...(holder && { holder }),
  }
}

/** What cannot be done to a single blob falls away when `path` narrows to one. */
function permissionsOf(scope: string | undefined, { permissions }: StorageSasToken, place: SasPlace): SasPermission[] {
  const narrowed = narrowScope(scope, permissions) as readonly SasPermission[] | undefined
  if (!narrowed) throw new GatewayError('invalid_scope', 'scope_not_offered')
  const usable = narrowed.filter((permission) => permission !== 'list' || place.kind === 'container')
  if (usable.length === 0) throw new GatewayError('invalid_scope', 'sas_scope_empty')
  return usable
}

function entraIds({ tenant, objectId }: Principal): { tenant: string; objectId: string } {
  if (tenant && objectId) return { tenant, objectId }
  throw new GatewayError('invalid_request', 'sas_holder_not_entra', {
    detail: 'this target is for principals of Entra only: its SAS names the object id of its holder',
  })
}
