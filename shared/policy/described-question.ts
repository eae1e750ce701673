import type { Principal } from '../identity/principal.ts'
import type { Question, RequestContext } from './decision.ts'
import type { DescribedContext, DescribedPrincipal, DescribedQuestion } from './documents/described-question.ts'

/** The principal that a token with these attributes would make; `now` in milliseconds. */
export function describedPrincipal({ entra, oidc, claims = {} }: DescribedPrincipal, now: number): Principal {
  const times = { validatedAt: now, expiresAt: now + 3_600_000 }
  if (oidc) {
    const { issuer, subject } = oidc
    const own = { id: `oidc:${issuer}:${Buffer.from(subject).toString('base64url')}`, issuerName: issuer, subject }
    return { ...own, kind: 'oidc', groups: [], roles: [], claims: frozen({ sub: subject, ...claims }), ...times }
  }
  if (!entra) throw new TypeError('a described principal is entra or oidc')
  const { tenant, objectId, appId, groups = [], roles = [] } = entra
  const application = appId && { azp: appId, idtyp: 'app' }
  const told = { ver: '2.0', tid: tenant, oid: objectId, sub: objectId, ...application, ...claims }
  return {
    id: `entra:${tenant}:${objectId}`,
    issuerName: 'described',
    kind: 'entra',
    ...{ tenant, objectId, subject: String(told.sub), groups, roles },
    ...(appId && { appId }),
    claims: frozen(told),
    ...times,
  }
}

/** The question, and the time (milliseconds) it is to be decided at. */
export function describedQuestion(described: DescribedQuestion, now: number): { question: Question; at: number } {
  const { action, resource } = described
  const { at, context } = describedContext(described.context ?? {}, now)
  return { question: { principal: describedPrincipal(described.principal, at), action, resource, context }, at }
}

export function describedContext(
  { at, clientAddress, purpose, reason, ticket }: DescribedContext,
  now: number,
): { at: number; context: RequestContext } {
  const context = {
    ...(clientAddress !== undefined && { clientAddress }),
    ...(purpose !== undefined && { purpose }),
    ...(reason !== undefined && { reason }),
    ...(ticket !== undefined && { ticket }),
  }
  return { at: at === undefined ? now : Date.parse(at), context }
}

/** As validated claims are: no prototype to look things up in. */
const frozen = (claims: Record<string, unknown>): Principal['claims'] =>
  Object.freeze(Object.assign(Object.create(null), claims))
