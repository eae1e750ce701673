import type { Receipt } from '../audit/entry.ts'
import { GatewayError } from '../errors.ts'
import { recorded } from '../recorded.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import { idOf, RESOURCE, type SubscribeDeps, type SubscriptionCaller } from './subscribe.ts'
import { inTurn } from './turn.ts'

type Deps = Omit<SubscribeDeps, 'allowed' | 'maxSeconds' | 'unpark'>

const ACTION = 'subscription:write' as const

/** Ends the caller's subscription of that id; throws `not_found` also for another's, and `access_denied` without a permit. */
export const unsubscribe = (deps: Deps, asked: { caller: SubscriptionCaller; id: string }): Promise<Receipt> =>
  end(deps, { ...asked, missing: 'is a fault' })

/** Ends the caller's subscription with that URL, if there is one: who asks again, or without having asked, is done. */
export async function unsubscribeUrl(
  deps: Deps,
  { caller, callbackUrl }: { caller: SubscriptionCaller; callbackUrl: string },
): Promise<Receipt> {
  return end(deps, { caller, id: await idOf(deps.hashValue, caller.principal, callbackUrl), missing: 'is fine' })
}

type Ending = { caller: SubscriptionCaller; id: string; missing: 'is a fault' | 'is fine' }

/** A subscriber may always leave, whatever policy says by now. INVARIANT: not through a grant that does not cover it. */
async function end(deps: Deps, { caller, id, missing }: Ending): Promise<Receipt> {
  const found = await orUnavailable('subscriptions', () => deps.rows.read(id))
  const isOwn = found.stored?.subscription.subscriber === caller.principal.id
  const grant = await deps.admit({
    ...{ ...caller, action: ACTION, resource: RESOURCE },
    ...(isOwn && { entitled: 'holder' }),
    prepare: async () => {
      if (!isOwn && missing === 'is a fault') throw new GatewayError('not_found', 'subscription_unknown')
      return { handout: { reference: `subscription:${id}` }, sealed: undefined }
    },
  })
  grant.spend(ACTION, RESOURCE)
  const act = async () => {
    // A row that somebody edited goes too: its id is made of caller and URL.
    if (isOwn || missing === 'is fine') await inTurn(deps, id, () => remove(deps, id))
    return grant.receipt
  }
  return recorded(grant, () => orUnavailable('subscriptions', act))
}

/** INVARIANT: the row first: what is not there any more is not called, whether its URL is disabled yet or not. */
async function remove({ rows, urls }: Deps, id: string): Promise<void> {
  const { etag } = await rows.read(id)
  if (etag !== undefined) await rows.remove(id, etag)
  await urls.disable(id)
}
