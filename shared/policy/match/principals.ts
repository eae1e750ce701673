import type { Principal } from '../../identity/principal.ts'
import type { PrincipalSelector } from '../documents/principals.ts'
import { type ClaimTest, compileClaim } from './claims.ts'
import { compilePattern, type Pattern, patternMatches } from './pattern.ts'
import { type Tri, tri } from './tri.ts'

/** Subjects such as `repo:acme/billing:ref:refs/heads/main` have segments at both. */
export const SUBJECT_SEPARATORS = '/:'

export type Selector =
  | { by: 'any' }
  | { by: 'objectId' | 'appId' | 'group' | 'role'; tenant: string; value: string }
  | { by: 'subject'; issuer: string; text: string; pattern: Pattern; claims: readonly ClaimTest[] }

export function compileSelector({ entra, oidc }: PrincipalSelector): Selector {
  if (entra) {
    const { tenant, objectId, appId, group, role } = entra
    if (objectId) return { by: 'objectId', tenant, value: objectId }
    if (appId) return { by: 'appId', tenant, value: appId }
    return group ? { by: 'group', tenant, value: group } : { by: 'role', tenant, value: role ?? '' }
  }
  if (!oidc) return { by: 'any' }
  const claims = Object.entries(oidc.claims ?? {}).map(([name, wanted]) => compileClaim(name, wanted))
  const pattern = compilePattern(oidc.subject, SUBJECT_SEPARATORS)
  return { by: 'subject', issuer: oidc.issuer, text: oidc.subject, pattern, claims }
}

/** Whether a selector is about the caller. `unknown`: a group overage, a claim that is missing, a user's token held by an application, a partial principal. */
export function selectorMatches(selector: Selector, principal: Principal): Tri {
  if (selector.by === 'any') return 'yes'
  if (selector.by === 'subject') return subjectMatches(selector, principal)
  if (principal.kind !== 'entra' || principal.tenant !== selector.tenant) return 'no'
  if (selector.by === 'objectId') return tri(principal.objectId === selector.value)
  if (principal.partial) return 'unknown'
  switch (selector.by) {
    case 'appId':
      return applicationOf(principal) !== selector.value ? 'no' : isAppItself(principal) ? 'yes' : 'unknown'
    case 'group':
      return principal.groups === 'overage' ? 'unknown' : tri(principal.groups.includes(selector.value))
    case 'role':
      return tri(principal.roles.includes(selector.value))
  }
}

/**
 * The application a token was got through. TRAP: `appId` is there for an application that calls for itself alone; a user's
 * token names it in the claim only, and a forbid on the application must see that too.
 */
export function applicationOf({ appId, claims }: Principal): string | undefined {
  const through = appId ?? claims[claims['ver'] === '1.0' ? 'appid' : 'azp']
  return typeof through === 'string' ? through : undefined
}

/** A token with `scp` was got for a user: its `appid` says through what, not who (T5). */
function isAppItself({ claims }: Principal): boolean {
  return !Object.hasOwn(claims, 'scp') && (!Object.hasOwn(claims, 'idtyp') || claims['idtyp'] === 'app')
}

function subjectMatches(selector: Selector & { by: 'subject' }, principal: Principal): Tri {
  if (principal.kind !== 'oidc' || principal.issuerName !== selector.issuer) return 'no'
  if (!patternMatches(selector.pattern, principal.subject, SUBJECT_SEPARATORS)) return 'no'
  const answers = selector.claims.map(({ test }) => test(principal.claims))
  if (answers.includes('unknown')) return 'unknown'
  return tri(!answers.includes('no'))
}
