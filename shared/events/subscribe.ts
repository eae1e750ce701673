import { type AllowedHosts, judgeUrl } from '../callbacks/allowed-hosts.ts'
import { GatewayError } from '../errors.ts'
import type { Ask, Gate } from '../gate.ts'
import { makerOf } from '../handles/handle.ts'
import type { Principal } from '../identity/principal.ts'
import { recorded } from '../recorded.ts'
import { Secret } from '../secrets/secret.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { CallbackUrls } from './callback-urls.ts'
import type { EventType } from './event.ts'
import type { StoredSubscription, Subscription } from './subscription.ts'
import type { SubscriptionRows } from './subscription-rows.ts'
import { inTurn, type TurnDeps } from './turn.ts'

export type SubscribeDeps = TurnDeps & {
  admit: Gate['admit']
  rows: SubscriptionRows
  urls: CallbackUrls
  allowed: AllowedHosts
  hashValue: (value: Secret) => Promise<string>
  /** How long after the subscriber's token was validated it may hear of anything. */
  maxSeconds: number
  /** Puts what was parked for it back in line. */
  unpark: (id: string) => Promise<void>
}

export type SubscriptionCaller = Pick<Ask<unknown>, 'txn' | 'principal' | 'context'>

export const RESOURCE = 'subscription'
const ACTION = 'subscription:write' as const
/** More than any one caller has a use for; each is a row and a secret. */
const MAX_OF_ONE = 100
const MAX_OF_ALL = 1_000

/** The same caller with the same URL is the same subscription, however it came. 32 hex digits. */
export async function idOf(hashValue: SubscribeDeps['hashValue'], { id }: Principal, url: string): Promise<string> {
  const text = await hashValue(new Secret(JSON.stringify(['subscription', id, url])))
  return Buffer.from(text, 'base64url').toString('hex').slice(0, 32)
}

type Subscribing = { caller: SubscriptionCaller; callbackUrl: string; events: readonly EventType[] }

/**
 * Makes a subscription, or makes the one there is new: its events, the caller's claims, its time. Throws `access_denied`,
 * `invalid_request` for a host that is not called, `conflict` when there are too many, `in_progress`, and outages.
 */
export async function subscribe(deps: SubscribeDeps, { caller, callbackUrl, events }: Subscribing) {
  const { principal } = caller
  const id = await idOf(deps.hashValue, principal, callbackUrl)
  const grant = await deps.admit<{ host: string }>({
    ...{ ...caller, action: ACTION, resource: RESOURCE },
    prepare: async () => ({
      handout: { reference: `subscription:${id}` },
      sealed: { host: hostOf(callbackUrl, deps) },
    }),
  })
  grant.spend(ACTION, RESOURCE)
  const act = async () => {
    const made = await inTurn(deps, id, async () => {
      const { stored, etag } = await deps.rows.read(id)
      if (!stored) await checkRoom(deps, principal)
      const known = stored && (await deps.urls.read(id, stored.subscription.callback))
      const callback = known ? stored.subscription.callback : await deps.urls.store(id, new Secret(callbackUrl))
      const { maxTtlSeconds } = grant.obligations
      const parts = { id, callback, host: grant.sealed.host, events, principal, stored, maxTtlSeconds }
      const subscription = newSubscription(deps, parts)
      const written = await deps.rows.write({ subscription, subscriber: makerOf(principal) }, { ...(etag && { etag }) })
      if (written === 'changed') throw changed()
      return subscription
    })
    await deps.unpark(id)
    return { subscription: made, receipt: grant.receipt }
  }
  return recorded(grant, () => orUnavailable('subscriptions', act))
}

type Parts = Pick<Subscription, 'id' | 'callback' | 'host' | 'events'> & {
  principal: Principal
  stored: StoredSubscription | undefined
  /** Of the permit. */
  maxTtlSeconds: number | undefined
}

function newSubscription(
  { now, maxSeconds }: SubscribeDeps,
  { principal, stored, maxTtlSeconds, ...parts }: Parts,
): Subscription {
  const { id: subscriber, validatedAt, through, expiresAt } = principal
  const grant = through?.chain.at(-1)
  const ends = [
    validatedAt + maxSeconds * 1_000,
    ...(grant === undefined ? [] : [expiresAt]),
    ...(maxTtlSeconds === undefined ? [] : [now() + maxTtlSeconds * 1_000]),
  ]
  return {
    ...{ ...parts, subscriber, validatedAt, expiresAt: Math.min(...ends) },
    createdAt: stored?.subscription.createdAt ?? now(),
    ...(grant !== undefined && { through: grant }),
  }
}

function hostOf(url: string, { allowed }: Pick<SubscribeDeps, 'allowed'>): string {
  const judged = judgeUrl(url, allowed)
  if (!('refused' in judged)) return judged.url.host
  const detail =
    judged.refused === 'callback_malformed'
      ? '`callbackUrl`: must be a plain https URL, without user, fragment or a port of its own'
      : '`callbackUrl`: its host is none of those that this gateway calls (setting SALLYPORT_CALLBACK_HOSTS)'
  throw new GatewayError('invalid_request', judged.refused, { detail })
}

async function checkRoom({ rows }: SubscribeDeps, { id }: Principal): Promise<void> {
  const all = await rows.all()
  const own = all.filter(({ subscription }) => subscription.subscriber === id)
  if (own.length < MAX_OF_ONE && all.length < MAX_OF_ALL) return
  const detail = `a caller may have ${MAX_OF_ONE} subscriptions, all callers together ${MAX_OF_ALL}`
  throw new GatewayError('conflict', 'too_many_subscriptions', { detail })
}

const changed = () =>
  new GatewayError('in_progress', 'subscription_changed', { detail: 'it was changed meanwhile', retryAfterSeconds: 1 })
