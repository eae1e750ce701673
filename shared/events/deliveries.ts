import type { StoredRow } from '../azure/table.ts'
import type { GatewayEvent } from './event.ts'
import { eventColumns, readEvent } from './event-columns.ts'
import { CALL, type EventRowsDeps } from './outbox.ts'

/** One event on its way to one subscriber. Times in milliseconds. */
export type Delivery = {
  subscription: string
  /** Key of the event. */
  key: string
  event: GatewayEvent
  /** Calls that were begun. */
  attempts: number
  notBefore: number
  etag: string
}

/** Why it waits no more, and for how long that is kept. */
export type Parking = { reason: string }

export const DELIVERIES = 'delivery'
export const PARKED = 'parked'
/** After the event: what is told later than that helps nobody. */
export const KEPT_MS = 7 * 86_400_000
/** Rows of one subscriber, and of all, that a turn looks at. */
const MOST_OF_ONE = 500
const MOST = 20_000

/**
 * Partition `delivery`, row `<subscription>|<event key>`; `parked` the same, with `reason` and `expires`. Changed by
 * compare-and-set alone. Methods throw StorageError, and `keys_unavailable`.
 */
export function createDeliveries({ table, seal, now, alarm, most = MOST }: EventRowsDeps & { most?: number }) {
  const rowOf = async ({ subscription, key, event, attempts, notBefore }: Omit<Delivery, 'etag'>) => ({
    ...{ partitionKey: DELIVERIES, rowKey: `${subscription}|${key}`, attempts },
    ...{ notBefore: new Date(notBefore).toISOString(), ...eventColumns(event, await seal()) },
  })
  const read = async (row: StoredRow): Promise<Delivery | undefined> => {
    const event = readEvent(row, await seal())
    const [subscription = '', key = ''] = row.rowKey.split('|')
    const [attempts, notBefore] = [Number(row['attempts']), Date.parse(String(row['notBefore']))]
    if (event && attempts >= 0 && Number.isFinite(notBefore))
      return { subscription, key, event, attempts, notBefore, etag: row.etag }
    alarm('subscription.tampered', { partition: row.partitionKey, row: row.rowKey })
    await table.remove(row.partitionKey, row.rowKey, row.etag, CALL)
    return undefined
  }
  /** Reads on behind `from` until a subscriber has enough; gives where the next one begins, if there is more. */
  const takeFrom = async (from: string, found: Delivery[]): Promise<string | undefined> => {
    const query = { partitionKey: DELIVERIES, pageRows: MOST_OF_ONE, ...(from !== '' && { rowFrom: from }) }
    let [last, count] = ['', 0]
    for await (const row of table.list(query, { deadlineMs: 30_000 })) {
      const delivery = await read(row)
      if (!delivery) continue
      count = delivery.subscription === last ? count + 1 : 1
      last = delivery.subscription
      found.push(delivery)
      if (count >= MOST_OF_ONE) return `${last}}`
      if (found.length >= most) return undefined
    }
    return undefined
  }
  let start = ''
  const deliveries = {
    /** Once more changes nothing. */
    async add(subscription: string, key: string, event: GatewayEvent): Promise<void> {
      const made = { subscription, key, event, attempts: 0, notBefore: now() }
      await table.insert(await rowOf(made), CALL)
    },
    /**
     * What stands in line. INVARIANT: bounded for each subscriber: one that is down must not keep the others from their turn.
     * Where it is too much altogether, the next look begins behind this one.
     */
    async all(): Promise<Delivery[]> {
      const found: Delivery[] = []
      for (let from: string | undefined = start; from !== undefined && found.length < most; ) {
        from = await takeFrom(from, found)
      }
      const last = found.length < most ? undefined : found.at(-1)
      start = last ? `${last.subscription}}` : ''
      return found
    },
    /** Gives it as it stands now; undefined when somebody else was faster. */
    async plan(delivery: Delivery, next: Pick<Delivery, 'attempts' | 'notBefore'>): Promise<Delivery | undefined> {
      const planned = { ...delivery, ...next }
      const replaced = await table.replace(await rowOf(planned), delivery.etag, CALL)
      return replaced === 'changed' ? undefined : { ...planned, etag: replaced.etag }
    },
    async remove({ subscription, key, etag }: Delivery): Promise<void> {
      await table.remove(DELIVERIES, `${subscription}|${key}`, etag, CALL)
    },
    /** INVARIANT: parked first: killed in between it is in both and is called once more, never lost. */
    async park(delivery: Delivery, { reason }: Parking): Promise<void> {
      const expires = new Date(delivery.event.at + KEPT_MS).toISOString()
      const { notBefore: _, ...row } = await rowOf(delivery)
      await table.insert({ ...row, partitionKey: PARKED, reason, expires }, CALL)
      await deliveries.remove(delivery)
    },
    /** Puts what was parked for that subscriber in line anew. INVARIANT: an event's age bounds how often. */
    async unpark(subscription: string): Promise<void> {
      const key = await seal()
      const range = { partitionKey: PARKED, rowFrom: `${subscription}|`, rowBefore: `${subscription}}` }
      for await (const row of table.list(range, CALL)) {
        const event = readEvent(row, key)
        if (event && event.at + KEPT_MS > now())
          await deliveries.add(subscription, row.rowKey.split('|')[1] ?? '', event)
        await table.remove(PARKED, row.rowKey, row.etag, CALL)
      }
    },
  }
  return deliveries
}

export type Deliveries = ReturnType<typeof createDeliveries>
