import { join } from 'node:path'
import { writeAtomically } from '../../atomic-file.ts'
import type { Fault } from '../../faults.ts'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import { createKeyStore } from '../../identity/keys.ts'
import type { Accounts } from '../accounts.ts'
import type { IssuerKeys } from '../outside-token.ts'
import type { CloudService } from '../service.ts'
import { createAccessTokens } from './access-tokens.ts'
import { answerIamCredentials, serviceAccountIn } from './iam-credentials.ts'
import { googleJwksPath } from './jwks.ts'
import { answerKeyExchange, emailIn } from './key-exchange.ts'
import { answerSts, poolIn } from './sts.ts'

export type GoogleDeps = { folder: string; accounts: Accounts; issuerKeys: IssuerKeys; now(): number }

const REALM = 'google'
const HOSTS = ['sts.googleapis.com', 'iamcredentials.googleapis.com', 'oauth2.googleapis.com', 'www.googleapis.com']

/** Google's Security Token Service, IAM Credentials and OAuth 2.0 endpoints, and the keys of its ID tokens. Access tokens live in memory. */
export async function createGoogle({ folder, accounts, issuerKeys, now }: GoogleDeps): Promise<CloudService> {
  const keys = createKeyStore(join(folder, 'keys'))
  await writeAtomically(googleJwksPath(folder), JSON.stringify({ keys: await keys.published(REALM) }))
  const tokens = createAccessTokens(now)
  const signIdToken = (claims: Record<string, unknown>) => keys.sign(REALM, { claims })
  const deps = { accounts, issuerKeys, tokens, signIdToken, now }

  return {
    serves: (host) => HOSTS.includes(host),
    scopeOf: (request) => poolIn(request, tokens) ?? projectOf(serviceAccountIn(request) ?? emailIn(request)),
    operationOf: ({ url }) => url.pathname.split(':').at(-1)?.split('/').at(-1) ?? '',
    async act(request) {
      const { hostname, pathname } = request.url
      if (hostname === 'www.googleapis.com' && pathname === '/oauth2/v3/certs') {
        return { status: 200, json: { keys: await keys.published(REALM) } }
      }
      if (hostname === 'sts.googleapis.com' && pathname === '/v1/token') return answerSts(request, deps)
      if (hostname === 'iamcredentials.googleapis.com') return answerIamCredentials(request, deps)
      if (hostname === 'oauth2.googleapis.com' && pathname === '/token') return answerKeyExchange(request, deps)
      if (hostname === 'oauth2.googleapis.com' && pathname === '/tokeninfo') return tokenInfo(request, tokens, now())
      return { status: 404, text: '' }
    },
    shape,
  }
}

/** `name@<project>.iam.gserviceaccount.com`. */
const projectOf = (email = '') => /@([^.]+)\./.exec(email)?.[1] ?? 'google'

function shape({ kind, status = 500, retryAfterSeconds }: Fault): ServerAnswer {
  const code = kind === 'throttle' ? 429 : status
  const headers = { ...(retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }) }
  return { status: code, headers, json: { error: { code, message: 'Injected by a test.', status: 'UNAVAILABLE' } } }
}

/** GET /tokeninfo, with one member that the real service does not tell: the access boundary. */
function tokenInfo({ url }: ServerRequest, tokens: ReturnType<typeof createAccessTokens>, now: number): ServerAnswer {
  const token = tokens.find(url.searchParams.get('access_token') ?? '')
  if (!token) return { status: 400, json: { error: 'invalid_token', error_description: 'Invalid Value' } }
  const left = Math.floor((token.expiresAt - now) / 1_000)
  return {
    status: 200,
    json: {
      scope: token.scope.join(' '),
      exp: String(Math.floor(token.expiresAt / 1_000)),
      expires_in: String(left),
      ...('email' in token.holder && { email: token.holder.email, email_verified: 'true' }),
      ...(token.boundary !== undefined && { access_boundary: token.boundary }),
      access_type: 'online',
    },
  }
}
