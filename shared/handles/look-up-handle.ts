import { GatewayError } from '../errors.ts'
import type { Ask } from '../gate.ts'
import type { Gateway } from '../gateway.ts'
import type { Principal } from '../identity/principal.ts'
import type { Handle } from './handle.ts'
import type { Redemption } from './handle-rows.ts'
import { isParty } from './parties.ts'

type Who = Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>

/**
 * What stands about a handle, without consuming it: for its maker, its redeemer, and who has `grant:read` on `grant/<id>`.
 * To all others one that does not exist and one of somebody else are the same `access_denied`.
 */
export async function lookUpHandle(
  { admit, handles }: Pick<Gateway, 'admit' | 'handles'>,
  { principal, ...who }: Who,
  id: string,
) {
  const stored = await handles.read(id)
  const ours = stored !== undefined && isParty(principal, stored.handle)
  const action = 'grant:read' as const
  const resource = `grant/${id}`
  const grant = await admit<Handle & { redemption: Redemption | undefined }>({
    ...{ ...who, action, resource },
    ...(ours ? { principal: looking(principal, resource), entitled: 'holder' } : { principal }),
    prepare: async () => {
      if (!stored) throw new GatewayError('not_found', 'handle_unknown')
      const redemption = await handles.redemption(id)
      return { handout: { reference: `handle:${id}` }, sealed: { ...stored.handle, redemption } }
    },
  })
  grant.spend(action, resource)
  grant.succeeded()
  return { receipt: grant.receipt, view: shown(grant.sealed) }
}

/** A grant covers its own secret, not the look at a handle for it; that takes no use, and is recorded with its chain. */
function looking(principal: Principal, handle: string): Principal {
  const { through } = principal
  if (!through) return principal
  const covers = (action: string, resource: string) => action === 'grant:read' && resource === handle
  return { ...principal, through: { ...through, covers, use: async () => undefined } }
}

function shown(handle: Handle & { redemption: Redemption | undefined }) {
  const { id, vault, name, version, maker, redeemer, madeAt, expiresAt, redemption } = handle
  return {
    ...{ id, vault, name, ...(version !== undefined && { version }) },
    ...{ maker, redeemer, made: iso(madeAt), expires: iso(expiresAt) },
    redeemed: redemption !== undefined,
    ...(redemption && { redeemedAt: iso(redemption.at), redeemedBy: redemption.by }),
  }
}

const iso = (time: number) => new Date(time).toISOString()
