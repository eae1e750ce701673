import { z } from 'zod'
import type { describeGrant, openedGrant } from '../../shared/grants/answer.ts'
import { ApprovalRequest } from '../../shared/grants/approve.ts'
import { DelegationRequest } from '../../shared/grants/delegate.ts'
import { GRANT_ID } from '../../shared/grants/hold.ts'
import { ListGrantsQuery } from '../../shared/grants/list.ts'
import { GrantRequest } from '../../shared/grants/open-request.ts'
import { RenewalRequest } from '../../shared/grants/renewals.ts'
import { RevocationRequest } from '../../shared/grants/revocations.ts'
import { ACTION_NAMES } from '../../shared/policy/actions.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, page, request, time } from './schemas.ts'

const id = z.string().regex(GRANT_ID)
const path = z.strictObject({ id })
const state = z.enum(['pending', 'active', 'revoked', 'locked', 'expired'])
const generation = z.int()
const effective = z.strictObject({ actions: z.array(z.enum(ACTION_NAMES)), resources: z.array(z.string()) })

const Grant = answerOf<ReturnType<typeof describeGrant>>()(
  'Grant',
  z.strictObject({
    id,
    parent: z.string().optional(),
    principal: z.string(),
    state,
    generation,
    opened: time(),
    expires: time(),
    maxUses: z.int().optional(),
    usesLeft: z.int().optional(),
    effective,
    approval: z
      .strictObject({ count: z.int(), approvers: z.array(z.string()), approvedBy: z.array(z.string()) })
      .optional()
      .describe('It counts when so many of these have approved it.'),
    breakGlass: z.boolean().optional(),
    boundTo: z.string().optional(),
    reason: z.string().optional(),
    ticket: z.string().optional(),
    ended: z.strictObject({ by: z.string(), at: time() }).optional().describe('Who ended it, and when.'),
  }),
)

const OpenedGrant = answerOf<ReturnType<typeof openedGrant>>()(
  'OpenedGrant',
  z.strictObject({
    id,
    credential: z.string().describe('Bearer credential of the grant; shown here and never again.'),
    state,
    expires: time(),
    generation,
    usesLeft: z.int().nullable().describe('Null where uses are not counted.'),
    effective,
  }),
)

const opened = { 201: { what: 'The grant with its credential.', body: OpenedGrant } }

export const grantOperations: Descriptions = {
  'POST /v1/grants': {
    id: 'OpenGrant',
    tag: 'Grants',
    summary: 'Open a grant',
    description:
      'A context with a credential of its own, narrower than what the caller may do: these actions on these resources, for this time and so many uses. Where policy asks for an approval it is `pending` until it has it.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['grant:create'],
    door: 'refuses',
    body: { kind: 'json', schema: request('GrantRequest', GrantRequest) },
    idempotent: true,
    answers: opened,
    codes: ['conflict', 'storage_unavailable', 'keys_unavailable'],
  },
  'GET /v1/grants': {
    id: 'ListGrants',
    tag: 'Grants',
    summary: 'List grants',
    description: "The caller's own grants, and those of others that it may read.",
    visibility: 'advanced',
    caller: 'token',
    actions: ['grant:read'],
    door: 'filters',
    query: ListGrantsQuery,
    answers: { 200: { what: 'One page.', body: answer('GrantList', page(Grant)) } },
    codes: ['storage_unavailable'],
  },
  'GET /v1/grants/{id}': {
    id: 'GetGrant',
    tag: 'Grants',
    summary: 'Get a grant',
    description: 'Its opener and its holder may always see it; others need `grant:read`. Never its credential.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['grant:read'],
    door: 'refuses',
    path,
    answers: { 200: { what: 'The grant.', body: Grant } },
    codes: ['not_found', 'conflict', 'storage_unavailable'],
  },
  'DELETE /v1/grants/{id}': {
    id: 'RevokeGrant',
    tag: 'Grants',
    summary: 'Revoke a grant',
    description: 'It and all that was delegated from it are dead at once, on every instance.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['grant:revoke'],
    door: 'refuses',
    path,
    answers: { 204: { what: 'It is revoked.' } },
    codes: ['not_found', 'conflict', 'storage_unavailable'],
  },
  'POST /v1/grants/{id}/delegations': {
    id: 'DelegateGrant',
    tag: 'Grants',
    summary: 'Delegate a part of a grant',
    description: 'A grant of its own, within the one whose credential is presented.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['grant:delegate'],
    door: 'refuses',
    path,
    body: { kind: 'json', schema: request('DelegationRequest', DelegationRequest) },
    idempotent: true,
    answers: opened,
    codes: ['conflict', 'storage_unavailable', 'keys_unavailable'],
  },
  'POST /v1/grants/{id}/renewals': {
    id: 'RenewGrant',
    tag: 'Grants',
    summary: 'Renew a grant',
    description:
      'A new credential and a new life for the grant whose newest credential is presented. An old credential means that two hold it: the grant is locked.',
    visibility: 'advanced',
    caller: 'token',
    door: 'refuses',
    path,
    body: { kind: 'json', schema: request('RenewalRequest', RenewalRequest) },
    idempotent: true,
    answers: opened,
    codes: ['grant_locked', 'conflict', 'storage_unavailable', 'keys_unavailable'],
  },
  'POST /v1/grants/{id}/approvals': {
    id: 'ApproveGrant',
    tag: 'Grants',
    summary: 'Approve or deny a grant',
    description: "A named approver's word on a grant that waits for it.",
    visibility: 'advanced',
    caller: 'token',
    actions: ['grant:approve'],
    door: 'refuses',
    path,
    body: { kind: 'json', schema: request('GrantApproval', ApprovalRequest) },
    idempotent: true,
    answers: { 200: { what: 'The grant as it is now.', body: Grant } },
    codes: ['not_found', 'conflict', 'storage_unavailable'],
  },
  'POST /v1/grant-revocations': {
    id: 'RevokeGrants',
    tag: 'Grants',
    summary: 'Revoke the grants of a principal or on a resource',
    description:
      'Ends all grants of a principal, or all through which something at or below a resource can be reached: one of the two is named.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['grant:revoke'],
    door: 'refuses',
    body: { kind: 'json', schema: request('GrantRevocation', RevocationRequest) },
    idempotent: true,
    answers: {
      200: {
        what: 'How many ended.',
        body: answer('GrantsRevoked', z.strictObject({ revoked: z.int() })),
      },
    },
    codes: ['conflict', 'storage_unavailable'],
  },
}
