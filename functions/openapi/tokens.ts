import { z } from 'zod'
import type { Permission } from '../../shared/policy/permissions.ts'
import type { BlastRadius } from '../../shared/tokens/blast-radius.ts'
import { TokenRequest } from '../../shared/tokens/token-request.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, request, time } from './schemas.ts'

export const BlastRadiusView = answerOf<BlastRadius>()(
  'BlastRadius',
  z.strictObject({
    expiresAt: time(),
    revocable: z.enum(['no', 'introspection', 'account', 'immediate']),
    scope: z.string(),
    boundTo: z.array(z.string()),
    issuedAs: z.string(),
    preview: z.literal(true).optional(),
  }),
)

/** Members that only some kinds of targets answer. */
export const TOKEN_PARTS = {
  url: z.string().optional().describe('Where the token is good: the blob, queue or table, or the hub to connect to.'),
  accessKeyId: z.string().optional().describe('AWS: id of the temporary key.'),
  secretAccessKey: z.string().optional().describe('AWS: the temporary key.'),
  sessionToken: z.string().optional().describe('AWS: the session token.'),
  expiration: z.string().optional().describe('AWS: when the key ends.'),
  registry: z.string().optional().describe('Host of the container registry.'),
  repository: z.string().optional().describe('Repository of the container registry.'),
  source: z.enum(['cache', 'identity_provider']).optional(),
}

/** What a token may be refused for beside what every decision is. */
export const TOKEN_CODES = [
  'invalid_scope',
  'invalid_subject_token',
  'storage_unavailable',
  'keys_unavailable',
  'vault_unavailable',
  'upstream_unavailable',
  'upstream_refused',
] as const

const Token = answer(
  'Token',
  z.strictObject({
    token: z.string().describe('The credential.'),
    tokenType: z.enum(['Bearer', 'DPoP', 'N_A']),
    target: z.string(),
    ...TOKEN_PARTS,
    expiresIn: z.int(),
    blastRadius: BlastRadiusView,
  }),
)

const PermissionView = answerOf<Permission>()(
  'Permission',
  z.strictObject({
    statement: z.string(),
    actions: z.array(z.string()),
    resources: z.array(z.string()),
    conditional: z.boolean(),
    breakGlass: z.literal(true).optional(),
  }),
)

const Caller = answer(
  'Caller',
  z.strictObject({
    principal: z.string(),
    kind: z.enum(['entra', 'oidc']),
    authenticatedBy: z.strictObject({ method: z.enum(['bearer', 'grant']), issuer: z.string(), expires: time() }),
    appId: z.string().optional(),
    roles: z.array(z.string()),
    groups: z.union([z.array(z.string()), z.literal('overage')]).describe('Object ids, or `overage`.'),
    clientAddress: z.string().optional(),
    grantChain: z.array(z.string()),
    grant: z
      .strictObject({ actions: z.array(z.string()), resources: z.array(z.string()) })
      .optional()
      .describe('What the presented grant offers.'),
    permissions: z.array(PermissionView),
  }),
)

export const tokenOperations: Descriptions = {
  'POST /v1/tokens': {
    id: 'IssueToken',
    tag: 'Tokens',
    summary: 'Get a token of a target',
    description:
      'A short-lived token for the caller itself; `blastRadius` tells what it can do in the wrong hands. A target with `access: write` needs `token:issueWrite`.',
    visibility: 'important',
    caller: 'token',
    actions: ['token:issue', 'token:issueWrite'],
    door: 'refuses',
    body: { kind: 'json', schema: request('TokenRequest', TokenRequest) },
    idempotent: true,
    answers: { 200: { what: 'The token.', body: Token } },
    codes: TOKEN_CODES,
  },
  'GET /v1/subject-tokens/{target}': {
    id: 'GetSubjectToken',
    tag: 'Tokens',
    summary: "Get a subject token for a cloud's own client library",
    description: 'What a library fetches before it exchanges: `credential_source.url` of an `external_account`.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['token:issue', 'token:issueWrite'],
    door: 'refuses',
    path: z.strictObject({ target: z.string() }),
    answers: {
      200: {
        what: 'The subject token.',
        body: answer('SubjectToken', z.strictObject({ subject_token: z.string(), expires_in: z.int() })),
      },
    },
    codes: TOKEN_CODES,
  },
  'GET /v1/whoami': {
    id: 'WhoAmI',
    tag: 'Tokens',
    summary: 'See who the gateway takes the caller for',
    description:
      'The principal, how it was authenticated, its grants, and what it may do at most. Nothing is recorded.',
    visibility: 'advanced',
    caller: 'token',
    answers: { 200: { what: 'The caller.', body: Caller } },
  },
}
