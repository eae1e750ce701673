import { z } from 'zod'
import type { Plan } from '../../shared/policy/plan/plan.ts'
import type { describePolicy, describeProposal } from '../../shared/policy-changes/describe.ts'
import {
  ApprovalBody,
  ListPoliciesQuery,
  PlanBody,
  POLICY_ID,
  POLICY_KIND,
  PutBody,
} from '../../shared/policy-changes/request.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, page, request, time } from './schemas.ts'

const kind = z.string().regex(POLICY_KIND)
const id = z.string().regex(POLICY_ID).describe('Name or id; a `secretRule` is named `<vault>|<secret>`.')
const document = z.record(z.string(), z.unknown()).describe('As docs/policy.schema.json says.')
const etag = z.string().describe('For `If-Match` of the next change.')
const path = z.strictObject({ kind, id })
const texts = z.array(z.string())

type Json = Record<string, unknown>

const Policy = answerOf<ReturnType<typeof describePolicy> & { document: Json }>()(
  'PolicyDocument',
  z.strictObject({
    ...{ kind: z.string(), id: z.string(), etag, manager: z.string() },
    since: z.int().describe('Revision from which on it is in force.'),
    document,
  }),
)

const Proposal = answerOf<ReturnType<typeof describeProposal> & { act: 'put' | 'delete'; document?: Json }>()(
  'PolicyProposal',
  z.strictObject({
    sha256: z.string(),
    kind: z.string(),
    id: z.string(),
    act: z.enum(['put', 'delete']),
    document: document.optional(),
    writer: z.string(),
    revision: z.int(),
    state: z.enum(['pending', 'approved', 'denied']),
    approver: z.string().optional(),
    expires: time(),
  }),
)

const PlanView = answerOf<Plan>()(
  'PolicyPlan',
  z.strictObject({
    revision: z.int().describe('The revision it was made for; 0 before the first apply.'),
    changes: z.array(
      z.strictObject({
        kind: z.string(),
        id: z.string(),
        state: z.enum(['create', 'update', 'remove', 'same', 'left_alone', 'conflict']),
        manager: z.string().optional(),
        because: z.string().optional(),
        differences: z
          .array(z.strictObject({ pointer: z.string(), before: z.unknown().optional(), after: z.unknown().optional() }))
          .optional(),
      }),
    ),
    widenings: z.array(
      z.strictObject({
        kind: z.enum([
          ...(['permission', 'condition', 'period', 'obligation', 'forbid'] as const),
          ...(['issuer', 'target', 'rotation', 'other'] as const),
        ]),
        document: z.string().describe('Kind and name of the document that brings it.'),
        because: z.string(),
        principals: z.array(z.looseObject({})),
        actions: texts,
        resources: texts,
      }),
    ),
  }),
)

const Written = answer('PolicyWritten', z.strictObject({ kind: z.string(), id: z.string(), revision: z.int(), etag }))

const WRITE_CODES = [
  ...(['policy_api_off', 'policy_not_found', 'precondition_failed', 'invalid_document'] as const),
  ...(['conflict', 'storage_unavailable'] as const),
]

const of = { tag: 'Policies', visibility: 'advanced', caller: 'token', door: 'refuses' } as const

export const policyOperations: Descriptions = {
  'GET /v1/policies': {
    ...of,
    id: 'ListPolicies',
    summary: 'List policy documents',
    description: 'The documents in force, by kind and name.',
    actions: ['policy:read'],
    query: ListPoliciesQuery,
    answers: {
      200: {
        what: 'One page.',
        body: answer('PolicyList', z.strictObject({ revision: z.int(), ...page(Policy).shape })),
      },
    },
    codes: ['conflict', 'storage_unavailable'],
  },
  'GET /v1/policies/{kind}/{id}': {
    ...of,
    id: 'GetPolicy',
    summary: 'Get a policy document',
    description: 'The document in force, with its entity tag.',
    actions: ['policy:read'],
    path,
    headers: ['If-None-Match'],
    answers: {
      200: { what: 'The document.', body: Policy, headers: ['ETag'] },
      304: { what: 'The caller has it already.', headers: ['ETag'] },
    },
    codes: ['policy_not_found', 'conflict', 'storage_unavailable'],
  },
  'PUT /v1/policies/{kind}/{id}': {
    ...of,
    id: 'PutPolicy',
    summary: 'Write a policy document',
    description:
      'In force when it is answered. What would let its writer do more needs the word of another principal: 403 `approval_required` names the proposal by `sha256`.',
    actions: ['policy:write'],
    path,
    headers: ['If-Match', 'If-None-Match'],
    body: { kind: 'json', schema: request('PolicyChange', PutBody) },
    idempotent: true,
    answers: {
      200: { what: 'It took the place of another version.', body: Written, headers: ['ETag'] },
      201: { what: 'It is new.', body: Written, headers: ['ETag'] },
    },
    codes: WRITE_CODES,
  },
  'DELETE /v1/policies/{kind}/{id}': {
    ...of,
    id: 'DeletePolicy',
    summary: 'End a policy document',
    description: 'It is in force no more when it is answered; what it was stays in the table.',
    actions: ['policy:write'],
    path,
    headers: ['If-Match', 'If-None-Match'],
    answers: { 204: { what: 'It is in force no more.' } },
    codes: WRITE_CODES,
  },
  'GET /v1/policies/{kind}/{id}/approvals': {
    ...of,
    id: 'ListPolicyProposals',
    summary: 'List proposed changes of a policy document',
    description: 'Changes by which their writer would gain, shown to who may approve them.',
    actions: ['policy:approve'],
    path,
    answers: {
      200: { what: 'The proposals.', body: answer('PolicyProposalList', z.strictObject({ value: z.array(Proposal) })) },
    },
    codes: ['conflict', 'storage_unavailable'],
  },
  'POST /v1/policies/{kind}/{id}/approvals': {
    ...of,
    id: 'DecidePolicyProposal',
    summary: 'Approve or deny a proposed change',
    description: 'By another principal than its writer, who then repeats the change.',
    actions: ['policy:approve'],
    path,
    body: { kind: 'json', schema: request('PolicyApproval', ApprovalBody) },
    idempotent: true,
    answers: { 200: { what: 'The proposal as it is now.', body: Proposal } },
    codes: ['policy_not_found', 'conflict', 'storage_unavailable'],
  },
  'POST /v1/policy-plans': {
    ...of,
    id: 'PlanPolicies',
    summary: 'Plan a change of the policy set',
    description:
      'What an apply of these documents would change, and what the new set would grant that the one in force does not.',
    actions: ['policy:read'],
    body: { kind: 'json', schema: request('PlanRequest', PlanBody) },
    idempotent: true,
    answers: { 200: { what: 'The plan.', body: PlanView } },
    codes: ['invalid_document', 'conflict', 'storage_unavailable'],
  },
}
