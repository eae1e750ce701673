import type { Fault, Faults } from '../faults.ts'
import { suffer } from '../faults.ts'
import type { Handler, ServerAnswer, ServerRequest } from '../http-server.ts'
import { cloudOf } from './cloud.ts'
import type { Directory } from './directory.ts'
import { discoveryDocument, instanceDiscovery, isTemplate } from './discovery.ts'
import { EntraError, entraErrorAnswer } from './entra-error.ts'
import type { KeyStore } from './keys.ts'
import { answerOidcRequest } from './oidc-issuer.ts'
import { type Route, routeOf } from './routes.ts'
import { answerTokenRequest, type TokenEndpointDeps } from './token-endpoint.ts'

export type AuthorityDeps = TokenEndpointDeps & {
  directory: Directory
  keys: KeyStore
  faults: Faults
  /** Tests may use any tenant and any issuer name; else only those of the seed exist. */
  anyRealm: boolean
  now(): number
}

/** The authorities and v1 issuers of all clouds (one directory) and oidc.sallyport.test on one port, told apart by Host. */
export function createAuthority(deps: AuthorityDeps): Handler {
  return async (request) => {
    const route = routeOf(request)
    if (!route) return { status: 404, text: '' }
    if (route.operation === 'instance') return instanceDiscovery(deps.directory.tenant)
    const path = `${request.url.pathname}${request.url.search}`
    const scope = scopeOf(route, request, deps)
    const fault = deps.faults.next({ scope, operation: operationName(route), path })
    return suffer(fault, () => act(route, request, deps), shape)
  }
}

/** Tokens of an app that a test registered have faults and counters of their own: the tenant is everybody's. */
function scopeOf(
  route: Exclude<Route, { operation: 'instance' }>,
  { body }: ServerRequest,
  { directory }: AuthorityDeps,
): string {
  const client = route.operation === 'token' ? (new URLSearchParams(body).get('client_id') ?? '') : ''
  return directory.isRegistered(client) ? client : route.realm
}

const operationName = (route: Route) =>
  route.operation === 'oidc' ? (route.rest.split('/').at(-1) ?? '') : route.operation

const shape = (fault: Fault): ServerAnswer => ({
  status: fault.kind === 'throttle' ? 429 : (fault.status ?? 500),
  headers: { ...(fault.retryAfterSeconds && { 'retry-after': String(fault.retryAfterSeconds) }) },
  json: { error: 'temporarily_unavailable', error_description: 'AADSTS90033: A transient error has occurred.' },
})

async function act(route: Route, request: ServerRequest, deps: AuthorityDeps): Promise<ServerAnswer> {
  if (route.operation === 'instance') return instanceDiscovery(deps.directory.tenant)
  if (route.operation === 'oidc') {
    const known = deps.anyRealm || deps.directory.hasOidcIssuer(route.name)
    return known ? answerOidcRequest(route.name, route.rest, request, deps) : { status: 404, text: '' }
  }
  const { directory, keys, now } = deps
  const { tenant, version } = route
  const isHome = tenant === directory.tenant
  if (!isHome && !isTemplate(tenant) && !deps.anyRealm) return unknownTenant(tenant, now())
  if (route.operation === 'discovery') return discoveryDocument(tenant, version, cloudOf(request.url.hostname))
  if (route.operation === 'keys') return publishedKeys(isTemplate(tenant) ? directory.tenant : tenant, keys)
  if (request.method !== 'POST') {
    const text = `The endpoint only accepts POST requests. Received a ${request.method} request.`
    return entraErrorAnswer(new EntraError(400, 'invalid_request', 900561, text), undefined, now())
  }
  return isHome ? answerTokenRequest(request, version, deps) : unknownTenant(tenant, now())
}

async function publishedKeys(realm: string, keys: KeyStore): Promise<ServerAnswer> {
  const published = await keys.published(realm)
  return { status: 200, json: { keys: published.map((key) => ({ ...key, x5t: key.kid })) } }
}

function unknownTenant(tenant: string, now: number): ServerAnswer {
  const text = `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.`
  return entraErrorAnswer(new EntraError(400, 'invalid_request', 90002, text), undefined, now)
}
