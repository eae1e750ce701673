import { z } from 'zod'
import { HANDLE_ID, HandleRequest, RedemptionRequest } from '../../shared/handles/handle-request.ts'
import type { lookUpHandle } from '../../shared/handles/look-up-handle.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, request, time } from './schemas.ts'
import { READ_CODES, SecretValue } from './secrets.ts'

const id = z.string().regex(HANDLE_ID)

const Handle = answerOf<Awaited<ReturnType<typeof lookUpHandle>>['view']>()(
  'Handle',
  z.strictObject({
    id,
    vault: z.string(),
    name: z.string(),
    version: z.string().optional(),
    maker: z.string(),
    redeemer: z.string(),
    made: time(),
    expires: time(),
    redeemed: z.boolean(),
    redeemedAt: time().optional(),
    redeemedBy: z.string().optional(),
  }),
)

export const handleOperations: Descriptions = {
  'POST /v1/handles': {
    id: 'MakeHandle',
    tag: 'Handles',
    summary: 'Make a one-time handle for a secret',
    description:
      'The handle is good for one reading of the value, by its redeemer. Its maker needs `secret:get` on the secret too.',
    visibility: 'important',
    caller: 'token',
    actions: ['handle:create', 'secret:get'],
    door: 'refuses',
    body: { kind: 'json', schema: request('HandleRequest', HandleRequest) },
    idempotent: true,
    answers: {
      201: {
        what: 'The handle.',
        body: answer('NewHandle', z.strictObject({ id, expires: time() })),
        headers: ['Location'],
      },
    },
    codes: READ_CODES,
  },
  'GET /v1/handles/{id}': {
    id: 'GetHandle',
    tag: 'Handles',
    summary: 'See how a handle stands',
    description:
      'For its maker, its redeemer, and who has `grant:read` on `grant/<id>`. Looking does not consume the handle.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['grant:read'],
    door: 'refuses',
    path: z.strictObject({ id }),
    answers: { 200: { what: 'The handle.', body: Handle } },
    codes: ['not_found'],
  },
  'POST /v1/handles/{id}/redeem': {
    id: 'RedeemHandle',
    tag: 'Handles',
    summary: 'Redeem a handle',
    description: 'The value, once. It is decided again for the maker of the handle. Whoever comes second gets 410.',
    visibility: 'important',
    caller: 'token',
    actions: ['secret:get'],
    door: 'refuses',
    path: z.strictObject({ id }),
    body: { kind: 'json', schema: request('RedemptionRequest', RedemptionRequest) },
    idempotent: true,
    answers: { 200: { what: 'The value.', body: SecretValue, headers: ['ETag', 'X-Sallyport-Cache'] } },
    codes: [...READ_CODES, 'handle_redeemed', 'handle_expired'],
  },
}
