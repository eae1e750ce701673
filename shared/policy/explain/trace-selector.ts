import type { Principal } from '../../identity/principal.ts'
import { applicationOf, type Selector, selectorMatches } from '../match/principals.ts'
import type { Tri } from '../match/tri.ts'

/** What its author wrote, what the caller has, and what that makes; `actual` is left out where the caller has nothing. */
export type Compared = { expected: unknown; actual?: unknown; answer: Tri }

/** One selector against the caller. */
export function traceSelector(selector: Selector, principal: Principal): Compared {
  const actual = actualOf(selector, principal)
  const answer = selectorMatches(selector, principal)
  return { expected: expectedOf(selector), ...(actual !== undefined && { actual }), answer }
}

function expectedOf(selector: Selector): unknown {
  if (selector.by === 'any') return { any: true }
  if (selector.by === 'subject') {
    const { issuer, text, claims } = selector
    const wanted = claims.length > 0 && { claims: Object.fromEntries(claims.map(({ name, wanted }) => [name, wanted])) }
    return { oidc: { issuer, subject: text, ...wanted } }
  }
  return { entra: { tenant: selector.tenant, [selector.by]: selector.value } }
}

function actualOf(selector: Selector, principal: Principal): unknown {
  const { kind, issuerName, subject, tenant, objectId, groups, roles, partial, claims } = principal
  if (selector.by === 'any') return undefined
  if (kind === 'oidc') {
    if (selector.by !== 'subject') return { oidc: { issuer: issuerName, subject } }
    const named = selector.claims.filter(({ name }) => Object.hasOwn(claims, name)).map(({ name }) => name)
    const shown = Object.fromEntries(named.map((name) => [name, claims[name]]))
    return { oidc: { issuer: issuerName, subject, ...(selector.claims.length > 0 && { claims: shown }) } }
  }
  if (selector.by === 'subject' || selector.by === 'objectId') return { entra: { tenant, objectId } }
  if (partial) return { entra: { tenant, objectId, partial } }
  if (selector.by === 'appId') return { entra: { tenant, appId: applicationOf(principal) } }
  return { entra: selector.by === 'group' ? { tenant, groups } : { tenant, roles } }
}
