import type { CallbackUrls } from './callback-urls.ts'
import type { Deliveries } from './deliveries.ts'
import type { Outbox } from './outbox.ts'
import type { StoredSubscription } from './subscription.ts'
import type { SubscriptionRows } from './subscription-rows.ts'
import { inTurn, type TurnDeps } from './turn.ts'

type Deps = TurnDeps & {
  outbox: Outbox
  deliveries: Deliveries
  rows: SubscriptionRows
  urls: CallbackUrls
  note(event: string, detail: Readonly<Record<string, unknown>>): Promise<void>
}

/**
 * Puts every waiting event into the line of each subscriber that wants it. Killed anywhere, it is done once more and the lines
 * hold the event once: they are not worked on before the event has left the outbox. Gives how many events were told.
 */
export async function fanOut(deps: Deps, guard: () => Promise<void>): Promise<number> {
  const { outbox, deliveries } = deps
  let told = 0
  let subscriptions: StoredSubscription[] | undefined
  for await (const waiting of outbox.waiting()) {
    await guard()
    if (!(await outbox.isTold(waiting.key))) {
      subscriptions ??= await living(deps)
      const { event, key } = waiting
      for (const { subscription } of subscriptions)
        if (subscription.events.includes(event.type)) await deliveries.add(subscription.id, key, event)
      told += 1
    }
    await outbox.finish(waiting)
  }
  return told
}

async function living(deps: Pick<Deps, 'rows' | 'now'>): Promise<StoredSubscription[]> {
  const all = await deps.rows.all()
  return all.filter(({ subscription, parked }) => parked === undefined && subscription.expiresAt > deps.now())
}

/** A clock that is wrong for a while ends nothing for good. */
const GRACE_MS = 86_400_000

/**
 * Ends subscriptions whose time is over for a day; they have heard nothing since. The URL first: nobody will ask for the end of
 * what has no row.
 */
export async function endExpired({ rows, urls, note, ...turn }: Deps): Promise<number> {
  let ended = 0
  for (const { subscription } of await rows.all()) {
    const { id, subscriber, host } = subscription
    if (subscription.expiresAt + GRACE_MS > turn.now()) continue
    await inTurn(turn, id, async () => {
      const { stored, etag } = await rows.read(id)
      if (!stored || etag === undefined || stored.subscription.expiresAt + GRACE_MS > turn.now()) return
      await note('subscription.expired', { subscription: id, subscriber, host })
      await urls.disable(id)
      await rows.remove(id, etag)
      ended += 1
    })
  }
  return ended
}
