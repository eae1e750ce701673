import { z } from 'zod'
import type { Impact } from '../../shared/rotation/impact.ts'
import { ListRotationsQuery, ROTATION_NAME, RUN_ID, StepBody } from '../../shared/rotation/requests.ts'
import type { RunState } from '../../shared/rotation/run.ts'
import type { rotationView, runView } from '../../shared/rotation/view.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, page, request, time } from './schemas.ts'

const name = z.string().regex(ROTATION_NAME)
const id = z.string().regex(RUN_ID)

const RUN_STATES = ['pending', 'set', 'verified', 'current', 'retired', 'stuck', 'aborted'] as const
const state = z.enum(RUN_STATES).describe('The last thing that was reached; `stuck` waits for a person.')

const Run = answerOf<ReturnType<typeof runView> & { waitsFor?: 'person' }>()(
  'RotationRun',
  z.strictObject({
    id,
    rotation: z.string(),
    state,
    stuckIn: z.enum(RUN_STATES).optional(),
    startedBy: z.string(),
    startedAt: time().optional(),
    endedAt: time().optional(),
    steps: z.array(z.strictObject({ state: z.enum(RUN_STATES), at: time().optional() })),
    failures: z.int().optional(),
    reason: z.string().optional().describe('Internal tag of the last failure.'),
    version: z.string().optional(),
    replaces: z.string().optional(),
    stragglers: z.array(z.string()),
    waitsFor: z.literal('person').optional(),
    dueAt: time().optional(),
    instructions: z.string().optional(),
    nextAttemptAt: time().optional(),
  }),
)

const Rotation = answerOf<ReturnType<typeof rotationView> & { state: RunState | 'idle' }>()(
  'Rotation',
  z.strictObject({
    name: z.string(),
    secret: z.string(),
    rotator: z.string(),
    mode: z.string(),
    owner: z.string(),
    family: z.string().optional(),
    notify: z.array(z.string()).optional(),
    state: z.enum([...RUN_STATES, 'idle']),
    lastRotatedAt: time().optional(),
    dueAt: time().optional(),
    overdue: z.boolean().optional(),
    run: z
      .strictObject({ id: z.string(), state: z.enum(RUN_STATES) })
      .optional()
      .describe('The last run.'),
  }),
)

const RotationImpact = answerOf<Impact & { rotation: string; secret: string }>()(
  'RotationImpact',
  z.strictObject({
    rotation: z.string(),
    secret: z.string(),
    readers: z.array(
      z.strictObject({
        principal: z.string(),
        lastRead: time(),
        reads: z.int(),
        everySeconds: z.int().optional(),
        upToDate: z.boolean(),
        risk: z.enum(['none', 'reads_too_seldom', 'holds_an_old_version', 'seen_once']),
      }),
    ),
    willBreak: z.array(z.string()),
  }),
)

const poll = ['Location', 'Retry-After'] as const

export const rotationOperations: Descriptions = {
  'GET /v1/rotations': {
    id: 'ListRotations',
    tag: 'Rotations',
    summary: 'List rotations',
    description: 'The rotations that the caller may see, and where each stands.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['rotation:read'],
    door: 'filters',
    query: ListRotationsQuery,
    answers: { 200: { what: 'One page.', body: answer('RotationList', page(Rotation)) } },
    codes: ['storage_unavailable'],
  },
  'GET /v1/rotations/{name}': {
    id: 'GetRotation',
    tag: 'Rotations',
    summary: 'Get a rotation',
    description: 'The rotation and where it stands.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['rotation:read'],
    door: 'refuses',
    path: z.strictObject({ name }),
    answers: { 200: { what: 'The rotation.', body: Rotation } },
    codes: ['not_found', 'storage_unavailable'],
  },
  'GET /v1/rotations/{name}/impact': {
    id: 'GetRotationImpact',
    tag: 'Rotations',
    summary: 'See whom a rotation would break',
    description: 'Who reads the secret, how stale its copies are, and who would break if it were rotated now.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['rotation:read'],
    door: 'refuses',
    path: z.strictObject({ name }),
    answers: { 200: { what: 'The readers.', body: RotationImpact } },
    codes: ['not_found', 'storage_unavailable', 'vault_unavailable'],
  },
  'POST /v1/rotations/{name}/runs': {
    id: 'StartRotation',
    tag: 'Rotations',
    summary: 'Rotate a secret now',
    description:
      'Starts a run and answers at once; ask at `Location` how far it is, as Logic Apps does by itself. It takes no body: a reason goes into its header.',
    visibility: 'important',
    caller: 'token',
    actions: ['rotation:run'],
    door: 'refuses',
    path: z.strictObject({ name }),
    idempotent: true,
    answers: { 202: { what: 'The run.', body: Run, headers: poll } },
    codes: ['not_found', 'conflict', 'storage_unavailable'],
  },
  'GET /v1/rotations/{name}/runs/{id}': {
    id: 'GetRotationRun',
    tag: 'Rotations',
    summary: 'See how far a run is',
    description: '202 while it goes on by itself, 200 when it is over or stuck.',
    visibility: 'important',
    caller: 'token',
    actions: ['rotation:read'],
    door: 'refuses',
    path: z.strictObject({ name, id }),
    answers: {
      200: { what: 'It is over, or stuck.', body: Run },
      202: { what: 'It goes on: ask again.', body: Run, headers: poll },
    },
    codes: ['not_found', 'storage_unavailable'],
  },
  'POST /v1/rotations/{name}/runs/{id}/steps': {
    id: 'StepRotationRun',
    tag: 'Rotations',
    summary: 'Drive a step of a run',
    description:
      'For a pipeline that drives a run from outside, or a person whose run is stuck. `abort` needs `rotation:abort`, all others `rotation:step`.',
    visibility: 'advanced',
    caller: 'token',
    actions: ['rotation:step', 'rotation:abort'],
    door: 'refuses',
    path: z.strictObject({ name, id }),
    body: { kind: 'json', schema: request('StepRequest', StepBody) },
    idempotent: true,
    answers: { 200: { what: 'The run as it is now.', body: Run } },
    codes: [
      'not_found',
      'conflict',
      'storage_unavailable',
      'vault_unavailable',
      'secret_not_found',
      'secret_disabled',
      'upstream_unavailable',
      'upstream_refused',
    ],
  },
}
