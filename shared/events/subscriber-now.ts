import { GatewayError } from '../errors.ts'
import type { Principal, Through } from '../identity/principal.ts'
import type { StoredSubscription } from './subscription.ts'

export type SubscriberDeps = {
  /** The limits of a grant by its id, when it is alive; throws `access_denied` or `approval_required` when it is not. */
  throughOf(grant: string): Promise<Through>
  /** Whether the issuer that vouched for the subscriber is trusted still. */
  isTrusted(subscriber: StoredSubscription['subscriber']): boolean
  now: () => number
}

/**
 * The subscriber as the door is asked about it: its claims of then. `refusal` says why it hears of nothing whatever policy says,
 * to be recorded. INVARIANT: claims have an age limit, and a subscription through a grant has the grant's limits and dies with it.
 */
export async function subscriberNow(
  deps: SubscriberDeps,
  { subscription, subscriber }: StoredSubscription,
): Promise<{ principal: Principal; refusal?: GatewayError }> {
  const { validatedAt, expiresAt, through } = subscription
  const principal: Principal = { ...subscriber, validatedAt, expiresAt }
  if (expiresAt <= deps.now()) return { principal, refusal: denied('subscription_expired') }
  if (!deps.isTrusted(subscriber)) return { principal, refusal: denied('subscriber_issuer_not_trusted') }
  if (through === undefined) return { principal }
  try {
    return { principal: { ...principal, through: await deps.throughOf(through) } }
  } catch (error) {
    if (!(error instanceof GatewayError) || !DEAD.has(error.code)) throw error
    return { principal, refusal: error }
  }
}

const DEAD: ReadonlySet<string> = new Set(['access_denied', 'approval_required'])

const denied = (reason: string) => new GatewayError('access_denied', reason)
