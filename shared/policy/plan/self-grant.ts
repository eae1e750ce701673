import type { Principal } from '../../identity/principal.ts'
import { compileSelector, selectorMatches } from '../match/principals.ts'
import type { Widening } from './widening.ts'

/** The widenings that may help the principal: what cannot be told, such as its groups where its token names none, counts. */
export function selfGrants(widenings: readonly Widening[], principal: Principal): Widening[] {
  return widenings.filter(({ principals }) =>
    principals.some((selector) => {
      const { entra } = selector
      if (selectorMatches(compileSelector(selector), principal) !== 'no') return true
      // Another token of the same caller may name what this one leaves out, or come through another application.
      const sameTenant = entra !== undefined && principal.kind === 'entra' && entra.tenant === principal.tenant
      return (
        sameTenant && ((entra.group && principal.groups.length === 0) || (entra.role && principal.roles.length === 0))
      )
    }),
  )
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
