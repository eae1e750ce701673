import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { EVENT_TYPES } from './event.ts'

/** A bearer secret: whoever has it can say that an event happened. What it is checked for here tells nothing about it. */
const callbackUrl = z
  .string()
  .max(2_048)
  .regex(/^https:\/\/[!-~]+$/)

/** Body of `POST /v1/subscriptions`. */
export const SubscriptionRequest = z.strictObject({
  callbackUrl,
  events: z
    .array(z.enum(EVENT_TYPES))
    .min(1)
    .max(EVENT_TYPES.length)
    .refine((events) => new Set(events).size === events.length, 'names an event twice'),
  reason: z.string().optional(),
})

/** Body of `POST /v1/unsubscriptions`. */
export const UnsubscriptionRequest = z.strictObject({ callbackUrl, reason: z.string().optional() })

export const SUBSCRIPTION_ID = /^[0-9a-f]{32}$/

/** The id of a subscription in a path. Throws `invalid_request`. */
export function subscriptionId(text: string | undefined): string {
  if (text !== undefined && SUBSCRIPTION_ID.test(text)) return text
  const detail = 'a subscription is named by the `id` that its maker was given'
  throw new GatewayError('invalid_request', 'subscription_id', { detail })
}
