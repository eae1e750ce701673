import type { Vault } from '../secrets/vault.ts'
import { createAftermath } from './aftermath.ts'
import { createCallbackUrls } from './callback-urls.ts'
import type { DeliverDeps } from './deliver.ts'
import { createDeliveries } from './deliveries.ts'
import type { GatewayEvent } from './event.ts'
import { endExpired, fanOut } from './fan-out.ts'
import { goThrough } from './line.ts'
import { takeOpenItems } from './open-items.ts'
import { createOutbox, type EventRowsDeps } from './outbox.ts'
import { type SubscribeDeps, subscribe } from './subscribe.ts'
import { createSubscriptionRows } from './subscription-rows.ts'
import { tick } from './tick.ts'
import { unsubscribe, unsubscribeUrl } from './unsubscribe.ts'

export type EventsDeps = EventRowsDeps &
  Omit<SubscribeDeps, 'rows' | 'urls' | 'unpark'> &
  Omit<DeliverDeps, 'rows' | 'urls' | 'deliveries'> &
  Pick<Parameters<typeof createAftermath>[0], 'readGrant' | 'rotate'> & {
    gatewayVault: Vault
    refreshPolicy: () => Promise<void>
  }

/** Who hears of what happens, and what must happen because of it. */
export function createEvents(deps: EventsDeps) {
  const rows = createSubscriptionRows(deps)
  const urls = createCallbackUrls(deps.gatewayVault)
  const outbox = createOutbox(deps)
  const deliveries = createDeliveries(deps)
  const all = { ...deps, rows, urls, outbox, deliveries, unpark: deliveries.unpark }
  /** Recorded, and in the outbox, when it resolves. The same event again is nothing new to anybody. */
  const emit = async (event: GatewayEvent): Promise<void> => {
    const { type, id, subject, data } = event
    await deps.note('event', { type, id, subject, ...data })
    await outbox.put(event)
  }
  const aftermath = createAftermath(deps)
  return {
    emit,
    subscribe: (asked: Parameters<typeof subscribe>[1]) => subscribe(all, asked),
    unsubscribe: (asked: Parameters<typeof unsubscribe>[1]) => unsubscribe(all, asked),
    unsubscribeUrl: (asked: Parameters<typeof unsubscribeUrl>[1]) => unsubscribeUrl(all, asked),
    /** For the timer. Throws StorageError and GatewayError when it could not even begin. */
    tick: () =>
      tick({
        ...all,
        takeOpenItems: (guard) => takeOpenItems({ ...all, emit, aftermath }, guard),
        fanOut: (guard) => fanOut(all, guard),
        endExpired: () => endExpired(all),
        goThrough: (turn) => goThrough(all, turn),
      }),
  }
}

export type Events = ReturnType<typeof createEvents>
