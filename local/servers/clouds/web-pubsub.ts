import type { Fault } from '../faults.ts'
import type { ServerAnswer, ServerRequest } from '../http-server.ts'
import type { Accounts } from './accounts.ts'
import { type AzureCallerDeps, azureCaller } from './azure-caller.ts'
import type { CloudService } from './service.ts'
import { createShortTokens, type ShortTokens } from './short-tokens.ts'

type Deps = AzureCallerDeps & { accounts: Accounts; tokens: ShortTokens }

const AUDIENCES = ['https://webpubsub.azure.com']

/**
 * Azure Web PubSub's `:generateToken` (learn.microsoft.com/rest/api/webpubsub/dataplane/web-pub-sub/generate-client-token).
 * Every service name exists; who may generate tokens in it is in the accounts.
 */
export function createWebPubSubs(deps: Omit<Deps, 'tokens'>): CloudService {
  const all: Deps = { ...deps, tokens: createShortTokens(deps.now) }
  return {
    serves: (host) => host.endsWith('.webpubsub.azure.com'),
    scopeOf: ({ url }) => url.hostname.split('.')[0] ?? '',
    operationOf: ({ url }) => url.pathname.split(':').at(-1) ?? '',
    async act(request) {
      const [, hub] = /^\/api\/hubs\/(\w+)\/:generateToken$/.exec(request.url.pathname) ?? []
      if (request.method !== 'POST' || !hub) return { status: 404, text: '' }
      return generateToken(request, hub, all)
    },
    shape,
  }
}

async function generateToken({ url, headers }: ServerRequest, hub: string, deps: Deps): Promise<ServerAnswer> {
  const caller = await azureCaller(String(headers.authorization).replace(/^Bearer /, ''), AUDIENCES, deps)
  if (!caller) return { status: 401, headers: { 'www-authenticate': 'Bearer' }, text: '' }
  if (!deps.accounts.webPubSubOwners(url.hostname).includes(caller)) return { status: 403, text: '' }
  const query = url.searchParams
  const minutes = Number(query.get('minutesToExpire') ?? 60)
  if (!Number.isInteger(minutes) || minutes < 1)
    return { status: 400, json: { code: 'BadRequest', message: 'minutes' } }
  const userId = query.get('userId')
  const claims = {
    aud: `${url.origin}/client/hubs/${hub}`,
    ...(userId && { sub: userId }),
    role: query.getAll('role'),
    'webpubsub.group': query.getAll('group'),
  }
  return { status: 200, json: { token: await deps.tokens.sign(claims, minutes * 60) } }
}

function shape({ kind, status = 500, retryAfterSeconds }: Fault): ServerAnswer {
  const headers = { ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }) }
  return {
    status: kind === 'throttle' ? 429 : status,
    headers,
    json: { code: 'Injected', message: 'Injected by a test.' },
  }
}
