import { z } from 'zod'
import {
  CLIENT_CREDENTIALS,
  ISSUED_TOKEN_TYPES,
  SENT_TOKEN_TYPES,
  TOKEN_EXCHANGE,
} from '../../shared/tokens/exchange-request.ts'
import type { issuerMetadata, resourceMetadata } from '../../shared/tokens/metadata.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, request } from './schemas.ts'
import { BlastRadiusView, TOKEN_CODES, TOKEN_PARTS } from './tokens.ts'

/** Forms are read parameter by parameter (readForm), so their schemas stand here: unknown parameters are ignored (RFC 6749 §3.2). */
const client = {
  client_assertion: z.string().optional().describe('JWT by which the client says who it is (RFC 7523), once.'),
  client_assertion_type: z.literal('urn:ietf:params:oauth:client-assertion-type:jwt-bearer').optional(),
  client_id: z.string().optional().describe('Unnecessary; when sent it names the client of the assertion.'),
}
const sent = z.enum(SENT_TOKEN_TYPES as [string, ...string[]])

const TokenForm = request(
  'OAuthTokenRequest',
  z.object({
    grant_type: z.enum([TOKEN_EXCHANGE, CLIENT_CREDENTIALS]),
    audience: z.string().optional().describe('Name of the target; either this or `resource`, exactly once.'),
    resource: z.string().optional().describe('URI of the target (RFC 8707); either this or `audience`, exactly once.'),
    scope: z.string().optional(),
    subject_token: z.string().optional().describe('Token exchange: whom the token will be about.'),
    subject_token_type: sent.optional(),
    actor_token: z.string().optional().describe('Token exchange: who acts, proved once more.'),
    actor_token_type: sent.optional(),
    requested_token_type: z.enum(ISSUED_TOKEN_TYPES as [string, ...string[]]).optional(),
    ...client,
  }),
)

const token = z.string().min(1).describe('The token that is asked about.')
const aboutToken = (id: string) =>
  request(id, z.object({ token, token_type_hint: z.string().optional().describe('Ignored.'), ...client }))

const TokenAnswer = answer(
  'OAuthToken',
  z.strictObject({
    access_token: z.string(),
    issued_token_type: z.string().optional(),
    token_type: z.enum(['Bearer', 'DPoP', 'N_A']),
    ...TOKEN_PARTS,
    expires_in: z.int(),
    scope: z.string().optional(),
    blast_radius: BlastRadiusView,
  }),
)

const numeric = z.int().describe('Seconds since 1970.')

const Introspection = answer(
  'Introspection',
  z.strictObject({
    active: z.boolean(),
    token_type: z.enum(['Bearer', 'DPoP']).optional(),
    scope: z.string().optional(),
    client_id: z.string().optional(),
    sub: z.string().optional(),
    aud: z.union([z.string(), z.array(z.string())]).optional(),
    iss: z.string().optional(),
    exp: numeric.optional(),
    iat: numeric.optional(),
    jti: z.string().optional(),
    txn: z.string().optional(),
    act: z.record(z.string(), z.unknown()).optional().describe('Who acts (RFC 8693 §4.1).'),
    cnf: z.record(z.string(), z.unknown()).optional().describe('The key it is bound to (RFC 9449 §6.1).'),
  }),
)

const names = z.array(z.string())

const IssuerMetadata = answerOf<ReturnType<typeof issuerMetadata>>()(
  'IssuerMetadata',
  z.strictObject({
    issuer: z.url(),
    token_endpoint: z.url(),
    introspection_endpoint: z.url(),
    revocation_endpoint: z.url(),
    jwks_uri: z.url(),
    grant_types_supported: names,
    token_endpoint_auth_methods_supported: names,
    token_endpoint_auth_signing_alg_values_supported: names,
    introspection_endpoint_auth_methods_supported: names,
    introspection_endpoint_auth_signing_alg_values_supported: names,
    revocation_endpoint_auth_methods_supported: names,
    revocation_endpoint_auth_signing_alg_values_supported: names,
    response_types_supported: names,
    subject_types_supported: names,
    id_token_signing_alg_values_supported: names,
    claims_supported: names,
    dpop_signing_alg_values_supported: names,
  }),
)

const ResourceMetadata = answerOf<ReturnType<typeof resourceMetadata>>()(
  'ResourceMetadata',
  z.strictObject({
    resource: z.url(),
    resource_name: z.string(),
    bearer_methods_supported: names,
    dpop_signing_alg_values_supported: names,
  }),
)

const Jwk = z.looseObject({
  kty: z.string(),
  kid: z.string().optional(),
  alg: z.string().optional(),
  use: z.string().optional(),
})

const discovery = (id: string, summary: string, body: z.ZodType) =>
  ({
    ...({ id, tag: 'OAuth', summary, visibility: 'internal', caller: 'anybody' } as const),
    description: 'The same for everybody; changed by a deployment only.',
    answers: { 200: { what: 'The metadata.', body } },
  }) as const

export const oauthOperations: Descriptions = {
  'GET /.well-known/openid-configuration': discovery(
    'GetOpenIdConfiguration',
    'OpenID Connect discovery',
    IssuerMetadata,
  ),
  'GET /.well-known/oauth-authorization-server': discovery(
    'GetAuthorizationServerMetadata',
    'Metadata of the authorization server (RFC 8414)',
    IssuerMetadata,
  ),
  'GET /.well-known/oauth-protected-resource': discovery(
    'GetProtectedResourceMetadata',
    'Metadata of the protected resource (RFC 9728)',
    ResourceMetadata,
  ),
  'GET /oauth2/jwks': {
    id: 'GetKeys',
    tag: 'OAuth',
    summary: 'Public keys of what the gateway signs (RFC 7517)',
    description: 'Fetch it again when a `kid` is not in it; a key is published ten minutes before it signs.',
    visibility: 'internal',
    caller: 'anybody',
    answers: { 200: { what: 'The keys.', body: answer('KeySet', z.strictObject({ keys: z.array(Jwk) })) } },
    codes: ['keys_unavailable'],
  },
  'POST /oauth2/token': {
    id: 'ExchangeToken',
    tag: 'OAuth',
    summary: 'Token endpoint: token exchange and client credentials',
    description: 'RFC 8693 and RFC 6749 §4.4. Without client authentication the subject token speaks for its caller.',
    visibility: 'internal',
    caller: 'client',
    actions: ['token:issue', 'token:issueWrite'],
    door: 'refuses',
    body: { kind: 'form', schema: TokenForm },
    idempotent: true,
    answers: { 200: { what: 'The token.', body: TokenAnswer, headers: ['Pragma'] } },
    codes: ['invalid_target', 'unsupported_grant_type', 'handle_required', ...TOKEN_CODES],
  },
  'POST /oauth2/introspect': {
    id: 'IntrospectToken',
    tag: 'OAuth',
    summary: 'Token introspection (RFC 7662)',
    description: 'A token that the caller may not see and one that is not active are the same answer.',
    visibility: 'internal',
    caller: 'client',
    actions: ['token:introspect'],
    door: 'refuses',
    body: { kind: 'form', schema: aboutToken('IntrospectionRequest') },
    idempotent: true,
    answers: { 200: { what: 'What the token says, or that it is not active.', body: Introspection } },
    codes: ['keys_unavailable', 'storage_unavailable'],
  },
  'POST /oauth2/revoke': {
    id: 'RevokeToken',
    tag: 'OAuth',
    summary: 'Token revocation (RFC 7009)',
    description: 'What is no token of this gateway counts as revoked: nobody can use it.',
    visibility: 'internal',
    caller: 'client',
    actions: ['token:revoke'],
    door: 'refuses',
    body: { kind: 'form', schema: aboutToken('RevocationRequest') },
    idempotent: true,
    answers: { 200: { what: 'Nobody can use it any more.' } },
    codes: ['unauthorized_client', 'unsupported_token_type', 'keys_unavailable', 'storage_unavailable'],
  },
}
