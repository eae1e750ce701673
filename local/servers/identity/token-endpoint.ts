import type { Cloud } from '../../../shared/azure/clouds.ts'
import type { ServerAnswer, ServerRequest } from '../http-server.ts'
import type { SeedResource } from '../seed.ts'
import { accessTokenClaims, type Holder } from './access-token.ts'
import { authenticateClient, type ClientAuthenticationDeps, missing } from './client-authentication.ts'
import { cloudOf } from './cloud.ts'
import type { Directory } from './directory.ts'
import { EntraError, entraErrorAnswer } from './entra-error.ts'
import type { GrantLog } from './grant-log.ts'
import { GRAPH_APP_ID } from './graph/caller.ts'
import type { KeyStore } from './keys.ts'
import { authenticateUser } from './user-authentication.ts'

export type TokenEndpointDeps = ClientAuthenticationDeps & { keys: KeyStore; grants: GrantLog; now(): number }

const LIFETIME_SECONDS = 3_599

/** POST /{tenant}/oauth2[/v2.0]/token with `client_credentials` or (legacy) `password`; errors as AADSTS. */
export async function answerTokenRequest(
  request: ServerRequest,
  version: 1 | 2,
  deps: TokenEndpointDeps,
): Promise<ServerAnswer> {
  try {
    const form = new URLSearchParams(request.body)
    const cloud = cloudOf(request.url.hostname)
    const grant = form.get('grant_type')
    if (!grant) throw missing('grant_type')
    if (grant !== 'password' && grant !== 'client_credentials') {
      const text = `The app requested an unsupported grant type '${grant}'.`
      throw new EntraError(400, 'unsupported_grant_type', 70003, text)
    }
    const { holder, by } =
      grant === 'password'
        ? { holder: authenticateUser(form, deps.directory), by: 'password' as const }
        : await authenticateClient({ form, authorization: request.headers.authorization, cloud }, deps)
    const answer = await grantToken({ form, holder, version, cloud, deps })
    deps.grants.add({ clientId: holder.appId, by, authority: request.url.hostname })
    return answer
  } catch (error) {
    if (!(error instanceof EntraError)) throw error
    const correlation = request.headers['client-request-id']
    return entraErrorAnswer(error, typeof correlation === 'string' ? correlation : undefined, deps.now())
  }
}

type GrantRequest = { form: URLSearchParams; holder: Holder; version: 1 | 2; cloud: Cloud; deps: TokenEndpointDeps }

async function grantToken({ form, holder, version, cloud, deps }: GrantRequest): Promise<ServerAnswer> {
  const { directory, keys, now } = deps
  const asked = version === 1 ? askedByResource(form) : askedByScope(form)
  const resource = directory.resource(asked)
  if (!resource) {
    const text = `The resource principal named ${asked} was not found in the tenant named ${directory.tenant}. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.`
    throw new EntraError(400, 'invalid_resource', 500011, text)
  }
  const seconds = Math.floor(now() / 1_000)
  const claims = accessTokenClaims({
    tenant: directory.tenant,
    holder: resource.appId === GRAPH_APP_ID ? withPermissions(holder, directory) : holder,
    resource,
    asked,
    version: resource.tokenVersion === 'endpoint' ? version : resource.tokenVersion,
    cloud,
    now: seconds,
    lifetimeSeconds: LIFETIME_SECONDS,
  })
  const token = await keys.sign(directory.tenant, { claims })
  return {
    status: 200,
    headers: { 'cache-control': 'no-store, no-cache', pragma: 'no-cache' },
    json: version === 1 ? v1Body({ token, resource, asked, seconds }) : v2Body(token),
  }
}

const withPermissions = (holder: Holder, { graphPermissions }: Directory): Holder => ({
  ...holder,
  roles: [...(holder.roles ?? []), ...graphPermissions(holder.objectId)],
})

const v2Body = (token: string) => ({
  token_type: 'Bearer',
  expires_in: LIFETIME_SECONDS,
  ext_expires_in: LIFETIME_SECONDS,
  access_token: token,
})

/** The v1 endpoint answers all numbers as strings. */
const v1Body = ({
  token,
  asked,
  seconds,
}: {
  token: string
  resource: SeedResource
  asked: string
  seconds: number
}) => ({
  token_type: 'Bearer',
  expires_in: String(LIFETIME_SECONDS),
  ext_expires_in: String(LIFETIME_SECONDS),
  expires_on: String(seconds + LIFETIME_SECONDS),
  not_before: String(seconds - 300),
  resource: asked,
  access_token: token,
})

function askedByResource(form: URLSearchParams): string {
  const resource = form.get('resource')
  if (!resource) throw missing('resource')
  return resource
}

function askedByScope(form: URLSearchParams): string {
  const scope = form.get('scope')
  if (!scope) throw missing('scope')
  // msal adds the OpenID scopes to what was asked.
  const named = scope.split(' ').filter((part) => part && !['openid', 'profile', 'offline_access'].includes(part))
  const [only = ''] = named
  if (named.length !== 1 || !only.endsWith('/.default')) {
    const text = `The provided value for scope ${scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`
    throw new EntraError(400, 'invalid_scope', 1002012, text)
  }
  return only.slice(0, -'/.default'.length)
}
