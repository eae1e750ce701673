import type { AccessContext } from './access-context.ts'

/** What may be told of a grant to its opener, its holder and officers; never a credential, never claims. */
export function describeGrant(context: AccessContext, now: number, usesLeft?: number) {
  const { terms, status } = context
  const { parent, maxUses, approval, reason, ticket } = terms
  const left = Number.isFinite(usesLeft) ? usesLeft : status.usesLeft
  return {
    id: terms.id,
    ...(parent && { parent: parent.id }),
    principal: terms.principal,
    state: status.state !== 'revoked' && status.expiresAt <= now ? 'expired' : status.state,
    generation: status.generation,
    opened: iso(terms.openedAt),
    expires: iso(status.expiresAt),
    ...(maxUses !== undefined && { maxUses, ...(left !== undefined && { usesLeft: left }) }),
    effective: { actions: terms.actions, resources: terms.resources },
    ...(approval && { approval: { ...approval, approvedBy: status.approvedBy } }),
    ...(terms.breakGlass && { breakGlass: true }),
    ...(terms.boundTo !== undefined && { boundTo: `key:${terms.boundTo}` }),
    ...(reason && { reason }),
    ...(ticket && { ticket }),
    ...(status.ended && { ended: { by: status.ended.by, at: iso(status.ended.at) } }),
  }
}

/** Body of the 201: the only time that the credential is shown. `usesLeft` is null where uses are not counted. */
export function openedGrant({ terms, status }: AccessContext, credential: string, left = terms.maxUses) {
  return {
    id: terms.id,
    credential,
    state: status.state,
    expires: iso(status.expiresAt),
    generation: status.generation,
    usesLeft: terms.maxUses === undefined ? null : left,
    effective: { actions: terms.actions, resources: terms.resources },
  }
}

const iso = (time: number) => new Date(time).toISOString()
