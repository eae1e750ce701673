import { CLOUDS, type Cloud } from '../../../shared/azure/clouds.ts'
import type { ServerAnswer } from '../http-server.ts'
import { issuerOf } from './cloud.ts'

/** OpenID configuration of a tenant, as Entra publishes it per version; only what an app-only client or a verifier reads. */
export function discoveryDocument(tenant: string, version: 1 | 2, cloud: Cloud): ServerAnswer {
  const { authority, graph } = cloud
  const base = `${authority}/${tenant}`
  const endpoints =
    version === 1
      ? { token_endpoint: `${base}/oauth2/token`, jwks_uri: `${base}/discovery/keys` }
      : { token_endpoint: `${base}/oauth2/v2.0/token`, jwks_uri: `${base}/discovery/v2.0/keys` }
  return {
    status: 200,
    headers: { 'cache-control': 'max-age=86400, private' },
    json: {
      ...endpoints,
      token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
      response_modes_supported: ['query', 'fragment', 'form_post'],
      subject_types_supported: ['pairwise'],
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
      scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
      // The tenant-independent documents carry a template: whoever takes it for an issuer trusts every tenant (T4).
      issuer: issuerOf(isTemplate(tenant) ? '{tenantid}' : tenant, version, cloud),
      authorization_endpoint: `${base}/oauth2/${version === 2 ? 'v2.0/' : ''}authorize`,
      tenant_region_scope: null,
      cloud_instance_name: new URL(authority).hostname.replace(/^login\./, ''),
      cloud_graph_host_name: 'graph.windows.net',
      msgraph_host: new URL(graph).hostname,
    },
  }
}

export const isTemplate = (tenant: string) => tenant === 'common' || tenant === 'organizations'

/** GET /common/discovery/instance: what MSAL asks about an authority that it does not know by itself. */
export const instanceDiscovery = (tenant: string): ServerAnswer => ({
  status: 200,
  json: {
    tenant_discovery_endpoint: `${CLOUDS.AzurePublic.authority}/${tenant}/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [
      {
        preferred_network: 'login.microsoftonline.com',
        preferred_cache: 'login.windows.net',
        aliases: ['login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com', 'sts.windows.net'],
      },
    ],
  },
})
