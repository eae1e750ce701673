import type { Principal } from '../identity/principal.ts'
import { type Selector, selectorMatches } from '../policy/match/principals.ts'
import { resourceMatches } from '../policy/match/resource.ts'
import type { Statement } from '../policy/statement.ts'
import type { Facts, ServicePrincipal } from './facts.ts'

/** A principal by its id alone: application, groups, roles and claims are not known, which is not that there are none. */
export function principalFrom(id: string): Principal | undefined {
  const rest = { id, groups: 'overage', roles: [], partial: true, claims: {}, expiresAt: 0, validatedAt: 0 } as const
  const [, tenant, objectId] = /^entra:([^:]+):([^:]+)$/.exec(id) ?? []
  if (tenant && objectId) return { ...rest, kind: 'entra', issuerName: '', tenant, objectId, subject: '' }
  const [, issuerName, subject] = /^oidc:([^:]+):([A-Za-z0-9_-]+)$/.exec(id) ?? []
  if (!issuerName || !subject) return undefined
  return { ...rest, kind: 'oidc', issuerName, subject: Buffer.from(subject, 'base64url').toString('utf8') }
}

/**
 * Whether any enforced permit in force may let the principal read the resource. Errs towards yes: what cannot be told of an id
 * alone (groups, roles, conditions) may be so. An application is told by the directory, where that is known.
 */
export function mayRead(
  { statements, directory, now }: Pick<Facts, 'statements' | 'directory' | 'now'>,
  id: string,
  resource: string,
): boolean {
  const principal = principalFrom(id)
  if (!principal) return true
  const known =
    'known' in directory ? directory.known.find(({ objectId }) => objectId === principal.objectId) : undefined
  return statements.some(
    (statement) =>
      isInForce(statement, now) &&
      statement.actions.has('secret:get') &&
      statement.resources.some((wanted) => resourceMatches(wanted, resource, principal) !== 'no') &&
      statement.selectors.some((selector) => mayBe(selector, principal, known)),
  )
}

export const isInForce = ({ effect, reportOnly, notBefore, expires }: Statement, now: number) =>
  effect === 'permit' && !reportOnly && notBefore <= now && now < expires

function mayBe(selector: Selector, principal: Principal, known: ServicePrincipal | undefined): boolean {
  if (selector.by === 'appId' && known) return known.appId === selector.value
  return selectorMatches(selector, principal) !== 'no'
}
