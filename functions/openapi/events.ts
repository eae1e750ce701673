import { z } from 'zod'
import { EVENT_TYPES, type EventType } from '../../shared/events/event.ts'
import { SUBSCRIPTION_ID, SubscriptionRequest, UnsubscriptionRequest } from '../../shared/events/requests.ts'
import type { Descriptions } from './operation.ts'
import { answer, answerOf, request, time } from './schemas.ts'

const id = z.string().regex(SUBSCRIPTION_ID)
const type = z.enum(EVENT_TYPES)

const SubscriptionView = answerOf<{ id: string; events: readonly EventType[]; created: string; expires: string }>()(
  'Subscription',
  z.strictObject({ id, events: z.array(type), created: time(), expires: time() }),
)

/** CloudEvents 1.0, structured mode. */
const CloudEvent = answer(
  'CloudEvent',
  z.strictObject({
    specversion: z.literal('1.0').describe('Version of CloudEvents.'),
    id: z.string().describe('The same id again is the same event: it may come more than once.'),
    source: z.string().describe('The gateway that it comes from.'),
    type: type.describe('What happened.'),
    subject: z.string().describe('What it is about: `rotation/<name>`, `grant/<id>` or `audit`.'),
    time: time().describe('When it happened, RFC 3339.'),
    datacontenttype: z.literal('application/json').describe('Content type of `data`.'),
    data: z.record(z.string(), z.unknown()).describe('More about it; never a value or a credential.'),
  }),
)

const writes = { tag: 'Events', caller: 'token', actions: ['subscription:write'], door: 'refuses' } as const

export const eventOperations: Descriptions = {
  'POST /v1/subscriptions': {
    ...writes,
    id: 'WhenSomethingHappens',
    summary: 'When a secret is rotated, or something else happens',
    description:
      'Calls the URL for each event of these kinds that the caller may see at that moment. The same caller and URL again is the same subscription, made new.',
    visibility: 'important',
    body: { kind: 'json', schema: request('SubscriptionRequest', SubscriptionRequest) },
    idempotent: true,
    answers: {
      201: {
        what: 'The subscription; DELETE its `Location` to end it.',
        body: SubscriptionView,
        headers: ['Location'],
      },
    },
    codes: ['conflict', 'in_progress', 'keys_unavailable', 'vault_unavailable', 'storage_unavailable'],
    webhook: {
      callback: 'callbackUrl',
      sends: CloudEvent,
      what: 'What happened, as a CloudEvent; the header `sallyport-signature` is a detached JWS over the body, by a key of `/oauth2/jwks` (docs/events.md).',
    },
  },
  'DELETE /v1/subscriptions/{id}': {
    ...writes,
    id: 'EndSubscription',
    summary: 'End a subscription',
    description: 'By its subscriber, whatever policy says by now.',
    visibility: 'internal',
    path: z.strictObject({ id }),
    answers: { 204: { what: 'Its URL is not called any more.' } },
    codes: ['not_found', 'conflict', 'in_progress', 'vault_unavailable', 'storage_unavailable'],
  },
  'POST /v1/unsubscriptions': {
    ...writes,
    id: 'EndSubscriptionOfUrl',
    summary: 'End a subscription by its URL',
    description: 'For whoever cannot keep an id, as the webhook trigger of Logic Apps. Done also where there is none.',
    visibility: 'advanced',
    body: { kind: 'json', schema: request('UnsubscriptionRequest', UnsubscriptionRequest) },
    idempotent: true,
    answers: { 204: { what: 'The URL is not called any more.' } },
    codes: ['conflict', 'in_progress', 'keys_unavailable', 'vault_unavailable', 'storage_unavailable'],
  },
}
