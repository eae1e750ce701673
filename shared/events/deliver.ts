import { randomUUID } from 'node:crypto'
import type { CallOut } from '../callbacks/call-out.ts'
import { CallbackFault } from '../callbacks/callback-fault.ts'
import { SIGNATURE_HEADER, type SignCallback } from '../callbacks/sign-callback.ts'
import { ERRORS, GatewayError } from '../errors.ts'
import type { Gate, Grant } from '../gate.ts'
import type { CallbackUrls } from './callback-urls.ts'
import { CONTENT_TYPE, cloudEvent } from './cloud-event.ts'
import { type Deliveries, type Delivery, KEPT_MS } from './deliveries.ts'
import { NEEDS } from './event.ts'
import { type Next, nextOf, type Outcome } from './retry.ts'
import { type SubscriberDeps, subscriberNow } from './subscriber-now.ts'
import type { StoredSubscription } from './subscription.ts'
import type { SubscriptionRows } from './subscription-rows.ts'

export type DeliverDeps = SubscriberDeps & {
  rows: SubscriptionRows
  urls: CallbackUrls
  deliveries: Deliveries
  admit: Gate['admit']
  callOut: CallOut
  signCallback: SignCallback
  /** `source` of every event: the issuer of our own tokens. */
  source: string
  random: () => number
  /** Records something an operator should see; durable when it resolves. */
  note(event: string, detail: Readonly<Record<string, unknown>>): Promise<void>
  report(event: string, detail: Record<string, unknown>): void
}

/** `slow`: it answers late or not at all, so others of its line wait for the next turn. */
export type Delivered = 'sent' | 'refused' | 'gone' | 'later' | 'slow' | 'parked' | 'taken'

const CALL_MS = 10_000
/** Longer than everything that one try does: who dies in it is followed by another then. */
const CLAIM_MS = 60_000
/** Where the gateway itself lacks something just now. */
const OUTAGE_MS = 30_000

/**
 * One event to one subscriber, who is decided again. Late, twice and on two instances at once: the compare-and-set of its row
 * lets one of them call. Killed between the call and the row, it is called once more with the same event.
 */
export async function deliver(deps: DeliverDeps, waiting: Delivery): Promise<Delivered> {
  const { deliveries, rows, now } = deps
  const { stored } = await rows.read(waiting.subscription)
  // Also what it asked for no more when it asked anew.
  if (!stored?.subscription.events.includes(waiting.event.type)) return dropped(deps, waiting, 'gone')
  if (stored.parked !== undefined) {
    await deliveries.park(waiting, { reason: stored.parked })
    return 'parked'
  }
  // What fails by no fault of the receiver is not counted, but does not stand in line for ever.
  if (now() > waiting.event.at + KEPT_MS)
    return giveUp(deps, { stored, delivery: waiting, next: { next: 'park', reason: 'too_old' } })
  const claim = { attempts: waiting.attempts + 1, notBefore: now() + CLAIM_MS }
  const delivery = await deliveries.plan(waiting, claim)
  if (!delivery) return 'taken'
  const admitted = await askDoor(deps, stored, delivery)
  if (admitted === 'refused') return dropped(deps, delivery, 'refused')
  if (admitted !== 'later') return settle(deps, { stored, delivery, grant: admitted })
  // Not the receiver's fault: it does not count.
  await deliveries.plan(delivery, { attempts: waiting.attempts, notBefore: now() + OUTAGE_MS })
  return 'later'
}

async function dropped<D extends Delivered>({ deliveries }: DeliverDeps, delivery: Delivery, why: D): Promise<D> {
  await deliveries.remove(delivery)
  return why
}

/** The door: decided now, recorded before anything leaves. */
async function askDoor({ admit, ...deps }: DeliverDeps, stored: StoredSubscription, { event }: Delivery) {
  const action = NEEDS[event.type]
  try {
    const { principal, refusal } = await subscriberNow(deps, stored)
    const reference = `event:${event.type}:${event.id}`
    const grant = await admit({
      ...{ txn: randomUUID(), principal, action, resource: event.subject, context: {} },
      prepare: async () => {
        if (refusal) throw refusal
        return { handout: { reference }, sealed: undefined }
      },
    })
    grant.spend(action, event.subject)
    return grant
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    const { status } = ERRORS[error.code]
    return status >= 500 || status === 429 ? 'later' : 'refused'
  }
}

type Sending = { stored: StoredSubscription; delivery: Delivery; grant: Grant }

async function settle(deps: DeliverDeps, { stored, delivery, grant }: Sending): Promise<Delivered> {
  const outcome = await call(deps, stored, delivery).catch((error: unknown) => {
    throw grant.failed(error)
  })
  const { attempts, event } = delivery
  const next = nextOf(outcome, { attempts, since: event.at, now: deps.now(), random: deps.random() })
  if (next.next === 'done') {
    grant.succeeded()
    await deps.deliveries.remove(delivery)
    return 'sent'
  }
  grant.failed(new GatewayError('upstream_unavailable', next.reason))
  if (next.next === 'later') {
    await deps.deliveries.plan(delivery, { attempts, notBefore: next.at })
    return isSlow(outcome) ? 'slow' : 'later'
  }
  return giveUp(deps, { stored, delivery, next })
}

type Lost = { stored: StoredSubscription; delivery: Delivery; next: Next & { reason: string } }

/** The record first: what is parked is seen by somebody. */
async function giveUp(deps: DeliverDeps, { stored, delivery, next }: Lost): Promise<'parked'> {
  const { note, rows, deliveries, report } = deps
  const { subscription, etag } = stored
  const { event, attempts } = delivery
  const about = { subscription: subscription.id, subscriber: subscription.subscriber, host: subscription.host }
  const { reason } = next
  await note('event.parked', { type: event.type, id: event.id, ...about, attempts, reason })
  if (next.next === 'gone') {
    await note('subscription.parked', { ...about, reason })
    // Changed meanwhile: it was made anew, and is tried anew.
    await rows.write(stored, { etag, parked: reason })
  }
  await deliveries.park(delivery, { reason })
  report('event.parked', { type: event.type, subscription: subscription.id, reason })
  return 'parked'
}

const SLOW: ReadonlySet<string> = new Set(['callback_timeout', 'callback_unreachable', 'callback_unresolvable'])

const isSlow = (outcome: Outcome) =>
  'fault' in outcome ? SLOW.has(outcome.fault) : outcome.status >= 500 || outcome.status === 429

async function call(deps: DeliverDeps, { subscription }: StoredSubscription, { event }: Delivery): Promise<Outcome> {
  const url = await deps.urls.read(subscription.id, subscription.callback)
  if (!url) return { fault: 'callback_lost' }
  const body = cloudEvent(event, deps.source)
  try {
    const { status, header } = await url.within((text) => post(deps, text, body))
    return { status, retryAfter: header('retry-after') }
  } catch (error) {
    if (error instanceof CallbackFault) return { fault: error.reason }
    throw error
  }
}

async function post({ callOut, signCallback }: DeliverDeps, url: string, body: string) {
  const headers = { 'content-type': CONTENT_TYPE, [SIGNATURE_HEADER]: await signCallback(url, body) }
  return callOut(url, { method: 'POST', headers, body, timeoutMs: CALL_MS })
}
