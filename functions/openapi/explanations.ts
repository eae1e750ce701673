import { z } from 'zod'
import type { explainToSelf } from '../../shared/audit/explanations/explain-request.ts'
import { ExplanationRequest } from '../../shared/audit/explanations/request.ts'
import type { Replay } from '../../shared/audit/replay/replay.ts'
import { REPLAY_ID, ReplayRequest } from '../../shared/audit/replay/request.ts'
import { Name } from '../../shared/policy/documents/primitives.ts'
import type { ProbeAnswer } from '../../shared/probes/answer-probe.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, request, time } from './schemas.ts'

const texts = z.array(z.string())
type Own = ReturnType<typeof explainToSelf> & { context: Record<string, unknown>; claims?: Record<string, unknown> }
const loose = z.record(z.string(), z.unknown())

/** Flat: to anybody about itself the first fields, to operators the trace. */
const Explanation = answerOf<Own>()(
  'Explanation',
  z.strictObject({
    principal: z.union([z.string(), loose]).describe('Principal id, or the principal with what is known of it.'),
    kind: z.string().optional(),
    issuer: z.string().optional(),
    groups: z
      .union([texts, z.literal('overage')])
      .optional()
      .describe('Object ids, or `overage`.'),
    roles: texts.optional(),
    claims: loose.optional(),
    action: z.string(),
    resource: z.string(),
    context: loose,
    effect: z.enum(['permit', 'deny']).optional(),
    reason: z.string().optional().describe('Stable code of the decision.'),
    unmet: z.string().optional(),
    at: time().optional(),
    claimsFrom: loose.optional(),
    statementIds: texts.optional(),
    reported: texts.optional(),
    obligations: loose.optional(),
    revision: z.int().optional(),
    grant: loose.optional().describe('The grant that the caller came through, and whether it covers the act.'),
    considered: z.int().optional(),
    statements: z.array(loose).optional().describe('Every statement that was considered; what decided comes first.'),
    aboutOthers: loose.optional(),
    recorded: loose.optional(),
    inexact: z.literal(true).optional(),
    actor: loose.optional(),
    policy: loose.optional(),
  }),
)

const differences = z.strictObject({
  count: z.int(),
  differences: z.array(
    z.strictObject({
      principal: z.string(),
      actor: z.string().optional().describe('Who acted for it.'),
      action: z.string(),
      resource: z.string(),
      was: z.string(),
      becomes: z.string(),
      statements: texts.describe('Statements that decide it in the proposed set, at most ten.'),
      count: z.int(),
      first: time(),
      last: time(),
      examples: texts,
    }),
  ),
  unlisted: z.int(),
})

const ReplayResult = answerOf<Replay>()(
  'ReplayResult',
  z.strictObject({
    from: time(),
    to: time(),
    complete: z.boolean(),
    entries: z.int(),
    unchanged: z.int(),
    inexact: z.int().describe('Entries that do not hold all that was decided on.'),
    lists: z.int(),
    newlyDenied: differences,
    newlyAllowed: differences,
  }),
)

const ReplayView = answer(
  'PolicyReplay',
  z.strictObject({
    id: z.string().regex(REPLAY_ID),
    by: z.string().optional(),
    state: z.enum(['running', 'done', 'failed']),
    startedAt: time().optional(),
    entries: z.int().optional(),
    reason: z.string().optional(),
    result: ReplayResult.optional(),
  }),
)

const ProbeView = answerOf<ProbeAnswer>()(
  'ProbeAnswer',
  z.strictObject({
    probe: z.string(),
    revision: z.int(),
    cases: z.array(
      z.strictObject({
        must: z.enum(['deny', 'allow']),
        effect: z.enum(['permit', 'deny']),
        reason: z.string(),
        holds: z.boolean(),
      }),
    ),
  }),
)

const asks = { tag: 'Policies', visibility: 'advanced', caller: 'token', actions: ['policy:explain'] } as const

export const explanationOperations: Descriptions = {
  'POST /v1/policy-explanations': {
    ...asks,
    id: 'ExplainDecision',
    summary: 'Explain a decision',
    description:
      'Why something is decided as it is: to anybody about itself, as a code; with `policy:explain` about anybody, in full. Either a question (`action`, `resource`) or the `instance` of an answer.',
    door: 'refuses',
    body: { kind: 'json', schema: request('ExplanationRequest', ExplanationRequest) },
    idempotent: true,
    answers: { 200: { what: 'The explanation.', body: Explanation } },
    codes: ['not_found', 'storage_unavailable'],
  },
  'POST /v1/policy-replays': {
    ...asks,
    id: 'StartPolicyReplay',
    summary: 'Replay recorded requests against a proposed set',
    description: 'What of the last days would be newly denied or allowed. Ask at `Location` how far it is.',
    door: 'refuses',
    body: { kind: 'json', schema: request('ReplayRequest', ReplayRequest) },
    idempotent: true,
    answers: { 202: { what: 'It has begun.', body: ReplayView, headers: ['Location', 'Retry-After'] } },
    codes: ['invalid_document', 'storage_unavailable'],
  },
  'GET /v1/policy-replays/{id}': {
    ...asks,
    id: 'GetPolicyReplay',
    summary: 'See how a replay stands',
    description: '202 while it runs; kept for a day.',
    door: 'refuses',
    path: z.strictObject({ id: z.string().regex(REPLAY_ID) }),
    answers: {
      200: { what: 'It is over.', body: ReplayView },
      202: { what: 'It runs: ask again.', body: ReplayView, headers: ['Retry-After'] },
    },
    codes: ['not_found', 'storage_unavailable'],
  },
  'GET /v1/policy-probes/{name}': {
    ...asks,
    id: 'RunPolicyProbe',
    summary: 'Ask the cases of a probe',
    description: 'What the set in force says to what must be denied, and allowed.',
    door: 'refuses',
    path: z.strictObject({ name: Name }),
    answers: { 200: { what: 'The cases.', body: ProbeView } },
    codes: ['not_found', 'keys_unavailable'],
  },
}
