import { randomUUID } from 'node:crypto'
import type { Cloud } from '../../../shared/azure/clouds.ts'
import { type Fault, type Faults, suffer } from '../faults.ts'
import type { Handler, ServerAnswer, ServerRequest } from '../http-server.ts'
import { type Authenticate, type AuthorizationDeps, authorize, challenge } from './authorization.ts'
import type { Backups } from './backup.ts'
import { cloudOf } from './cloud.ts'
import { OPERATE } from './operations.ts'
import { OPERATIONS, type Route, routeOf } from './routes.ts'
import type { Vault } from './vault.ts'
import { badParameter, throttled, VaultError, vaultErrorAnswer } from './vault-error.ts'

export type ServiceDeps = {
  tenant: string
  permissions: AuthorizationDeps['permissions']
  authenticate: Authenticate
  backups: Backups
  faults: Faults
  /** The vault that a Host names; undefined when this process has no such vault. */
  vaultOf(host: string): Promise<{ name: string; vault: Vault } | undefined>
}

const API_VERSIONS = ['7.0', '7.1', '7.2', '7.3', '7.4', '7.5', '7.6', '2025-07-01', '2026-04-01']

/** The data plane of Key Vault secrets. Order as in the service: token, api-version, path, permission, act. */
export function createService(deps: ServiceDeps): Handler {
  return async (request) => {
    const answer = await respond(request, deps).catch((error: unknown) => {
      if (error instanceof VaultError) return vaultErrorAnswer(error)
      const text = error instanceof Error ? error.message : String(error)
      process.stderr.write(`key vault: ${text}\n`)
      return vaultErrorAnswer(new VaultError(500, 'InternalServerError', 'An unexpected error occurred.'))
    })
    return typeof answer === 'string'
      ? answer
      : { ...answer, headers: { ...serviceHeaders(request), ...answer.headers } }
  }
}

async function respond(request: ServerRequest, deps: ServiceDeps): Promise<ServerAnswer> {
  const { url, method, headers } = request
  const found = await deps.vaultOf(url.hostname)
  if (!found) return { status: 404, text: '' }
  const { name: scope, vault } = found
  const cloud = cloudOf(url.hostname)
  const count = (operation: string) => deps.faults.next({ scope, operation, path: `${url.pathname}${url.search}` })
  const claims = await deps.authenticate(headers.authorization, cloud).catch((error: unknown) => {
    count('challenge')
    throw error
  })
  const route = routeOrNothing(method, url)
  const fault = count(route?.operation ?? 'other')
  return suffer(fault, () => act(), shape(deps.tenant, cloud))

  async function act(): Promise<ServerAnswer> {
    requireApiVersion(url)
    const checked = routeOf(method, url.pathname)
    if (!checked) return { status: 404, text: '' }
    authorize(
      { claims, permissions: deps.permissions, vault: scope, name: checked.name || undefined },
      OPERATIONS[checked.operation],
    )
    return OPERATE[checked.operation]({ request, route: checked, vault, backups: deps.backups, base: url.origin })
  }
}

function routeOrNothing(method: string, url: URL): Route | undefined {
  try {
    return routeOf(method, url.pathname)
  } catch {
    return undefined
  }
}

/** Clients send the name percent-encoded (`api%2Dversion`): it must be read by a parser. */
function requireApiVersion(url: URL): void {
  const version = url.searchParams.get('api-version')
  if (!version) throw badParameter('The request URI must contain the api-version query parameter.')
  if (!API_VERSIONS.includes(version)) {
    throw badParameter(
      `The specified version (${version}) is not recognized. Consider using the latest supported version (${API_VERSIONS.at(-1)}).`,
    )
  }
}

const serviceHeaders = ({ headers }: ServerRequest): Record<string, string> => ({
  'cache-control': 'no-cache',
  pragma: 'no-cache',
  expires: '-1',
  'x-ms-request-id': randomUUID(),
  ...(typeof headers['x-ms-client-request-id'] === 'string' && {
    'x-ms-client-request-id': headers['x-ms-client-request-id'],
  }),
  'x-ms-keyvault-region': 'local',
  'x-ms-keyvault-service-version': '1.9.0.0',
  'strict-transport-security': 'max-age=31536000;includeSubDomains',
  'x-content-type-options': 'nosniff',
})

const shape =
  (tenant: string, cloud: Cloud) =>
  (fault: Fault): ServerAnswer => {
    if (fault.kind === 'throttle') return vaultErrorAnswer(throttled(fault.retryAfterSeconds ?? 10))
    if (fault.kind === 'claims') {
      const claims = Buffer.from(fault.claims ?? '{"access_token":{"nbf":{"essential":true,"value":"1"}}}').toString(
        'base64',
      )
      const header = challenge(tenant, cloud, `, error="insufficient_claims", claims="${claims}"`)
      const text = 'AKV10041: Continuous access evaluation requires a new token.'
      return vaultErrorAnswer(new VaultError(401, 'Unauthorized', text, { headers: { 'www-authenticate': header } }))
    }
    const retry = fault.retryAfterSeconds ? { 'retry-after': String(fault.retryAfterSeconds) } : {}
    return vaultErrorAnswer(
      new VaultError(fault.status ?? 500, 'InternalServerError', 'Injected by a test.', { headers: retry }),
    )
  }
