import { randomUUID } from 'node:crypto'
import type { ServerAnswer, ServerRequest } from '../http-server.ts'
import { sameSecret } from './client-authentication.ts'
import type { Directory } from './directory.ts'
import type { KeyStore } from './keys.ts'

export type OidcDeps = { directory: Directory; keys: KeyStore; now(): number }

export const OIDC_HOST = 'oidc.sallyport.test'

export const oidcRealm = (name: string) => `oidc-${name}`

const LIFETIME_SECONDS = 600

/**
 * A plain OpenID Connect issuer `https://oidc.sallyport.test/<name>`: discovery, keys, and a token endpoint that gives a
 * registered client (its id is the `sub`) a workload token for the audience it asks for.
 */
export async function answerOidcRequest(
  name: string,
  rest: string,
  request: ServerRequest,
  deps: OidcDeps,
): Promise<ServerAnswer> {
  const issuer = `https://${OIDC_HOST}/${name}`
  if (rest === '.well-known/openid-configuration') return discovery(issuer)
  if (rest === 'jwks') return { status: 200, json: { keys: await deps.keys.published(oidcRealm(name)) } }
  if (rest === 'token' && request.method === 'POST') return token({ name, issuer, request, deps })
  return { status: 404, json: { error: 'not_found' } }
}

const discovery = (issuer: string): ServerAnswer => ({
  status: 200,
  json: {
    issuer,
    jwks_uri: `${issuer}/jwks`,
    token_endpoint: `${issuer}/token`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256', 'EdDSA'],
  },
})

type TokenRequest = { name: string; issuer: string; request: ServerRequest; deps: OidcDeps }

async function token({ name, issuer, request, deps }: TokenRequest): Promise<ServerAnswer> {
  const form = new URLSearchParams(request.body)
  const client = form.get('client_id') ?? ''
  const audience = form.get('audience')
  if (form.get('grant_type') !== 'client_credentials') return { status: 400, json: { error: 'unsupported_grant_type' } }
  const known = deps.directory.oidcClient(name, client)
  if (!known || !sameSecret(form.get('client_secret') ?? '', known.secret)) {
    return { status: 401, json: { error: 'invalid_client' } }
  }
  if (!audience) return { status: 400, json: { error: 'invalid_request' } }
  const now = Math.floor(deps.now() / 1_000)
  const claims = {
    iss: issuer,
    sub: client,
    aud: audience,
    iat: now,
    nbf: now,
    exp: now + LIFETIME_SECONDS,
    jti: randomUUID(),
  }
  return {
    status: 200,
    headers: { 'cache-control': 'no-store' },
    json: {
      token_type: 'Bearer',
      expires_in: LIFETIME_SECONDS,
      access_token: await deps.keys.sign(oidcRealm(name), { claims }),
    },
  }
}
