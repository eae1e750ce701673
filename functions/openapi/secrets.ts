import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../shared/errors.ts'
import { BatchBody } from '../../shared/secrets/batch.ts'
import type { SecretMetadata } from '../../shared/secrets/metadata.ts'
import { NewSecretBody } from '../../shared/secrets/new-secret.ts'
import { ListSecretsQuery, VersionsQuery } from '../../shared/secrets/pages.ts'
import type { handOut } from '../../shared/secrets/read.ts'
import { ReadQuery } from '../../shared/secrets/read-request.ts'
import { SecretItem } from '../../shared/secrets/secret-ref.ts'
import { EnabledBody } from '../secret-version.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, page, request, time } from './schemas.ts'

const { vault, name, version } = SecretItem.shape
const ofSecret = z.strictObject({ vault, name })

const stage = z.enum(['pending', 'current', 'previous', 'retired'])
const tags = z.record(z.string(), z.string())

const Metadata = answerOf<SecretMetadata>()(
  'SecretMetadata',
  z.strictObject({
    vault: z.string(),
    name: z.string(),
    version: z.string().optional(),
    enabled: z.boolean(),
    stage: stage.optional(),
    contentType: z.string().optional(),
    notBefore: time().optional(),
    expires: time().optional(),
    created: time().optional(),
    updated: time().optional(),
    tags,
  }),
)

const value = {
  vault: z.string(),
  name: z.string(),
  version: z.string(),
  value: z.string().describe('The value. Whoever logs it has published it.'),
  contentType: z.string().optional(),
  stage,
  notBefore: time().optional(),
  expires: time().optional(),
  tags,
  handedOutUntil: time(),
}

export const SecretValue = answerOf<ReturnType<typeof handOut>>()('SecretValue', z.strictObject(value))

/** Flat, so that designers show its fields: a value, or an error. */
const BatchItem = answer(
  'BatchItem',
  z.strictObject({
    ...z.strictObject(value).partial().shape,
    vault: z.string(),
    name: z.string(),
    stale: z.literal(true).optional().describe('The vault throttles, and this copy is past its time.'),
    error: z
      .strictObject({ code: z.enum(Object.keys(ERRORS) as [ErrorCode]), status: z.int() })
      .optional()
      .describe('Why this item was refused; the others stand.'),
  }),
)

/** What a read of a value may be refused for beside what every decision is. */
export const READ_CODES: readonly ErrorCode[] = [
  'handle_required',
  'secret_not_found',
  'secret_disabled',
  'secret_not_yet_valid',
  'secret_expired',
  'vault_unavailable',
  'keys_unavailable',
]

export const secretOperations: Descriptions = {
  'GET /v1/secrets': {
    id: 'ListSecrets',
    tag: 'Secrets',
    summary: 'List secrets',
    description:
      'Names and metadata of the secrets that the caller may list, and nothing else: an unknown vault is an empty one. Never a value.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['secret:list'],
    door: 'filters',
    query: ListSecretsQuery,
    answers: { 200: { what: 'One page.', body: answer('SecretList', page(Metadata)) } },
    codes: ['vault_unavailable'],
  },
  'GET /v1/secrets/{vault}/{name}': {
    id: 'GetSecret',
    tag: 'Secrets',
    summary: 'Get a secret',
    description:
      'The value of the current version, or of the one that is named. With `wait` it is answered as soon as another version is current than the one in `If-None-Match`, at the latest after so many seconds.',
    visibility: 'important',
    caller: 'token',
    actions: ['secret:get'],
    door: 'refuses',
    path: ofSecret,
    query: ReadQuery,
    headers: ['If-None-Match'],
    answers: {
      200: { what: 'The value.', body: SecretValue, headers: ['ETag', 'X-Sallyport-Cache', 'Retry-After'] },
      304: { what: 'The caller has it already: no value leaves.', headers: ['ETag', 'Retry-After'] },
    },
    codes: READ_CODES,
  },
  'PUT /v1/secrets/{vault}/{name}': {
    id: 'SetSecret',
    tag: 'Secrets',
    summary: 'Write a new version of a secret',
    description: 'Makes the value the current version. The answer holds metadata, never the value.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['secret:set'],
    door: 'refuses',
    path: ofSecret,
    headers: ['If-Match', 'If-None-Match'],
    body: { kind: 'json', schema: request('NewSecret', NewSecretBody) },
    idempotent: true,
    answers: {
      200: { what: 'A new version of a secret that existed.', body: Metadata, headers: ['ETag'] },
      201: { what: 'The first version.', body: Metadata, headers: ['ETag'] },
    },
    codes: ['conflict', 'precondition_failed', 'secret_not_found', 'secret_disabled', 'vault_unavailable'],
  },
  'GET /v1/secrets/{vault}/{name}/versions': {
    id: 'ListSecretVersions',
    tag: 'Secrets',
    summary: 'List the versions of a secret',
    description: 'Newest first: dates, tags and stages, never a value.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['secret:metadata'],
    door: 'refuses',
    path: ofSecret,
    query: VersionsQuery,
    answers: { 200: { what: 'One page.', body: answer('SecretVersionList', page(Metadata)) } },
    codes: ['secret_not_found', 'secret_disabled', 'vault_unavailable'],
  },
  'PATCH /v1/secrets/{vault}/{name}/versions/{version}': {
    id: 'EnableSecretVersion',
    tag: 'Secrets',
    summary: 'Enable or disable a version of a secret',
    description: 'Disabling needs `secret:disable`, enabling `secret:restore`.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['secret:disable', 'secret:restore'],
    door: 'refuses',
    path: z.strictObject({ vault, name, version: version.unwrap() }),
    body: { kind: 'json', schema: request('VersionChange', EnabledBody) },
    answers: { 200: { what: 'The version as it is now.', body: Metadata } },
    codes: ['conflict', 'secret_not_found', 'secret_disabled', 'vault_unavailable'],
  },
  'POST /v1/secret-batches': {
    id: 'GetSecrets',
    tag: 'Secrets',
    summary: 'Get up to 100 secrets',
    description:
      'Each item is decided, recorded and answered for itself: 200 does not mean that every item was handed out.',
    visibility: 'important',
    caller: 'token',
    actions: ['secret:get'],
    body: { kind: 'json', schema: request('SecretBatchRequest', BatchBody) },
    idempotent: true,
    answers: {
      200: {
        what: 'One answer for each item, in the order of the items.',
        body: answer('SecretBatch', z.strictObject({ items: z.array(BatchItem) })),
      },
    },
    codes: ['journal_unavailable'],
  },
}
