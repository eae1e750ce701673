import { randomUUID } from 'node:crypto'
import { CLOUDS } from '../../../shared/azure/clouds.ts'
import type { ServerAnswer, ServerRequest } from '../http-server.ts'
import { accessTokenClaims } from './access-token.ts'
import { sameSecret } from './client-authentication.ts'
import type { Directory } from './directory.ts'
import { GRAPH_APP_ID } from './graph/caller.ts'
import type { KeyStore } from './keys.ts'

export type ManagedIdentityDeps = { directory: Directory; keys: KeyStore; now(): number }

/** A managed identity's token lives a day. */
const LIFETIME_SECONDS = 86_399

/**
 * GET /msi/token of App Service (api-version 2019-08-01): the caller's proof is X-IDENTITY-HEADER. A suffix `~<scope>` of
 * the header is ignored here: tests use it to tell their requests apart.
 */
export async function answerIdentityRequest(
  { method, url, headers }: ServerRequest,
  { directory, keys, now }: ManagedIdentityDeps,
): Promise<ServerAnswer> {
  const query = url.searchParams
  const header = String(headers['x-identity-header'] ?? '')
  if (method !== 'GET') return refusal(405, 'The method is not allowed.')
  if (!sameSecret(header.split('~')[0] ?? '', directory.identityHeader)) {
    return refusal(401, 'The X-IDENTITY-HEADER is missing or not valid.')
  }
  if (query.get('api-version') !== '2019-08-01') return refusal(400, 'The api-version is missing or not supported.')
  const asked = query.get('resource')
  if (!asked) return refusal(400, 'The parameter resource is missing.')
  const identity = directory.managedIdentity(selector(query))
  if (!identity) {
    return refusal(
      400,
      'No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.',
    )
  }
  const resource = directory.resource(asked)
  if (!resource) {
    const text = `AADSTS500011: The resource principal named ${asked} was not found in the tenant named ${directory.tenant}.`
    return refusal(400, text)
  }
  const seconds = Math.floor(now() / 1_000)
  const version = resource.tokenVersion === 'endpoint' ? 1 : resource.tokenVersion
  const claims = accessTokenClaims({
    tenant: directory.tenant,
    holder: {
      appId: identity.clientId,
      objectId: identity.objectId,
      proof: '2',
      ...(resource.appId === GRAPH_APP_ID && { roles: directory.graphPermissions(identity.objectId) }),
      managedIdentity: identity.resourceId,
    },
    resource,
    asked,
    version,
    cloud: CLOUDS.AzurePublic,
    now: seconds,
    lifetimeSeconds: LIFETIME_SECONDS,
  })
  return {
    status: 200,
    json: {
      access_token: await keys.sign(directory.tenant, { claims }),
      expires_on: String(seconds + LIFETIME_SECONDS),
      resource: asked,
      token_type: 'Bearer',
      client_id: identity.clientId,
    },
  }
}

function selector(query: URLSearchParams) {
  const clientId = query.get('client_id')
  const resourceId = query.get('mi_res_id')
  const objectId = query.get('principal_id') ?? query.get('object_id')
  return { ...(clientId && { clientId }), ...(resourceId && { resourceId }), ...(objectId && { objectId }) }
}

const refusal = (status: number, message: string): ServerAnswer => ({
  status,
  json: { statusCode: status, message, correlationId: randomUUID() },
})
