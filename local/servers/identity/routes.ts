import type { ServerRequest } from '../http-server.ts'
import { OIDC_HOST, oidcRealm } from './oidc-issuer.ts'

/** What a request to the authority wants; `realm` is also the scope of its faults and counters. */
export type Route =
  | { operation: 'discovery' | 'keys' | 'token'; realm: string; tenant: string; version: 1 | 2 }
  | { operation: 'oidc'; realm: string; name: string; rest: string }
  | { operation: 'instance' }

const TENANT_PATHS: Record<string, { operation: 'discovery' | 'keys' | 'token'; version: 1 | 2 }> = {
  '.well-known/openid-configuration': { operation: 'discovery', version: 1 },
  'v2.0/.well-known/openid-configuration': { operation: 'discovery', version: 2 },
  'discovery/keys': { operation: 'keys', version: 1 },
  'discovery/v2.0/keys': { operation: 'keys', version: 2 },
  'oauth2/token': { operation: 'token', version: 1 },
  'oauth2/v2.0/token': { operation: 'token', version: 2 },
}

const NAME = /^[a-z0-9-]{1,63}$/

export function routeOf({ url }: ServerRequest): Route | undefined {
  const [, first = '', rest = ''] = /^\/([^/]+)\/(.+)$/.exec(url.pathname) ?? []
  // The name becomes the name of a file of keys.
  if (!NAME.test(first.toLowerCase())) return undefined
  if (url.hostname === OIDC_HOST) return { operation: 'oidc', realm: oidcRealm(first), name: first, rest }
  if (first === 'common' && rest === 'discovery/instance') return { operation: 'instance' }
  const found = TENANT_PATHS[rest]
  const tenant = first.toLowerCase()
  return found && { ...found, realm: tenant, tenant }
}
