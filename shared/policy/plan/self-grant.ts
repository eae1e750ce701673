import type { Principal } from '../../identity/principal.ts'
import type { Action } from '../actions.ts'
import type { PrincipalSelector } from '../documents/principals.ts'
import { compileSelector, selectorMatches } from '../match/principals.ts'
import type { Widening } from './widening.ts'

/** Whoever hands these to a second identity of theirs has that one hand on, or approve, everything else. */
const HANDING_ON: readonly Action[] = ['policy:write', 'policy:approve']

/**
 * The widenings that may help the principal; what cannot be told counts. Of who comes through a grant that is each of them:
 * nobody knows who holds its credential.
 */
export function selfGrants(widenings: readonly Widening[], principal: Principal): Widening[] {
  if (principal.through) return [...widenings]
  return widenings.filter(
    ({ actions, principals }) =>
      HANDING_ON.some((action) => actions.includes(action)) ||
      principals.some((selector) => mayBecome(selector, principal)),
  )
}

/** TRAP: what a token says of groups, roles and claims the next one of the same caller may say otherwise; who it is stays. */
function mayBecome({ entra, oidc, ...any }: PrincipalSelector, principal: Principal): boolean {
  if (entra && (entra.group ?? entra.role) !== undefined) {
    return principal.kind === 'entra' && entra.tenant === principal.tenant
  }
  const selector = { ...any, ...(entra && { entra }), ...(oidc && { oidc: { ...oidc, claims: undefined } }) }
  return selectorMatches(compileSelector(selector), principal) !== 'no'
}

const ID = /^(?:entra:([0-9a-f-]{36}):([0-9a-f-]{36})|oidc:([a-z0-9-]{1,63}):([A-Za-z0-9_-]{1,340}))$/

/** A principal of whom the id is known and nothing else; undefined when it is no id. */
export function principalById(id: string): Principal | undefined {
  const [, tenant, objectId, issuerName, encoded] = ID.exec(id) ?? []
  const unknown = { id, partial: true, roles: [], claims: {}, expiresAt: 0, validatedAt: 0 } as const
  if (tenant && objectId) {
    return { ...unknown, kind: 'entra', issuerName: '', tenant, objectId, subject: objectId, groups: 'overage' }
  }
  if (!issuerName || !encoded) return undefined
  const subject = Buffer.from(encoded, 'base64url').toString()
  return { ...unknown, kind: 'oidc', issuerName, subject, groups: [] }
}
