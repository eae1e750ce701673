import { randomUUID } from 'node:crypto'
import type { Fault } from '../faults.ts'
import type { ServerAnswer, ServerRequest } from '../http-server.ts'
import type { Accounts } from './accounts.ts'
import { type AzureCallerDeps, azureCaller } from './azure-caller.ts'
import type { CloudService } from './service.ts'
import { createShortTokens, type ShortTokens } from './short-tokens.ts'

type Deps = AzureCallerDeps & { accounts: Accounts; tokens: ShortTokens }

/** As the service's: a refresh token for three hours, an access token for 75 minutes. */
const REFRESH_SECONDS = 10_800
const ACCESS_SECONDS = 4_500
const AUDIENCES = ['https://containerregistry.azure.net', 'https://management.azure.com']

/**
 * Azure Container Registry's token service (azure.github.io/acr/AAD-OAuth.html), and the tag list of a repository to try a
 * token on. Every registry name exists; who may do what in it is in the accounts.
 */
export function createRegistries(deps: Omit<Deps, 'tokens'>): CloudService {
  const all: Deps = { ...deps, tokens: createShortTokens(deps.now) }
  return {
    serves: (host) => host.endsWith('.azurecr.io'),
    scopeOf: ({ url }) => url.hostname.split('.')[0] ?? '',
    operationOf: ({ url }) => url.pathname.split('/').at(-1) ?? '',
    async act(request) {
      const { pathname } = request.url
      if (request.method === 'POST' && pathname === '/oauth2/exchange') return exchange(request, all)
      if (request.method === 'POST' && pathname === '/oauth2/token') return accessToken(request, all)
      const [, repository] = /^\/v2\/(.+)\/tags\/list$/.exec(pathname) ?? []
      if (request.method === 'GET' && repository) return tags(request, repository, all)
      return { status: 404, text: '' }
    },
    shape,
  }
}

async function exchange({ url, body }: ServerRequest, deps: Deps): Promise<ServerAnswer> {
  const form = new URLSearchParams(body)
  if (form.get('grant_type') !== 'access_token') return refusal(400, 'UNSUPPORTED', 'unsupported grant type')
  if (form.get('service') !== url.hostname)
    return refusal(400, 'INVALID_REQUEST', 'service does not match the registry')
  const caller = await azureCaller(form.get('access_token') ?? '', AUDIENCES, deps)
  if (!caller) return unauthorized()
  const claims = { jti: randomUUID(), sub: caller, aud: url.hostname, grant_type: 'refresh_token' }
  return { status: 200, json: { refresh_token: await deps.tokens.sign(claims, REFRESH_SECONDS) } }
}

async function accessToken({ url, body }: ServerRequest, deps: Deps): Promise<ServerAnswer> {
  const form = new URLSearchParams(body)
  if (form.get('grant_type') !== 'refresh_token') return refusal(400, 'UNSUPPORTED', 'unsupported grant type')
  const holder = await deps.tokens.verify(form.get('refresh_token') ?? '', url.hostname)
  if (holder?.['grant_type'] !== 'refresh_token') return unauthorized()
  const [, name, wanted] = /^repository:([^:]+):([a-z_,]+)$/.exec(form.get('scope') ?? '') ?? []
  if (!name || !wanted) return refusal(400, 'INVALID_REQUEST', 'scope is malformed')
  const may = deps.accounts.registryActions({ registry: url.hostname, objectId: holder.sub ?? '', repository: name })
  const actions = wanted.split(',').filter((action) => may.includes(action))
  // What the caller may not is left out; with nothing left the answer is still a token.
  const access = [{ type: 'repository', name, actions }]
  const claims = {
    jti: randomUUID(),
    sub: holder.sub ?? '',
    iss: 'Azure Container Registry',
    aud: url.hostname,
    access,
  }
  return { status: 200, json: { access_token: await deps.tokens.sign(claims, ACCESS_SECONDS) } }
}

type Access = { name: string; actions: string[] }[]

async function tags({ url, headers }: ServerRequest, repository: string, { tokens }: Deps): Promise<ServerAnswer> {
  const token = await tokens.verify(String(headers.authorization).replace(/^Bearer /, ''), url.hostname)
  const access = (token?.['access'] ?? []) as Access
  const may = access.some(({ name, actions }) => name === repository && actions.includes('pull'))
  if (!may) return unauthorized()
  return { status: 200, json: { name: repository, tags: ['latest'] } }
}

const refusal = (status: number, code: string, message: string): ServerAnswer => ({
  status,
  json: { errors: [{ code, message }] },
})

const unauthorized = () =>
  refusal(401, 'UNAUTHORIZED', 'authentication required, visit https://aka.ms/acr/authorization for more information.')

function shape({ kind, status = 500, retryAfterSeconds }: Fault): ServerAnswer {
  const headers = { ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }) }
  const code = kind === 'throttle' ? 429 : status
  const json = {
    errors: [{ code: kind === 'throttle' ? 'TOOMANYREQUESTS' : 'UNKNOWN', message: 'Injected by a test.' }],
  }
  return { status: code, headers, json }
}
