import type { Table } from '../azure/table.ts'
import type { Seal } from '../handles/handle.ts'
import type { GatewayEvent } from './event.ts'
import { eventColumns, keyOf, readEvent } from './event-columns.ts'

export type EventRowsDeps = {
  /** Table `subscriptions`. */
  table: Table
  seal: () => Promise<Seal>
  now: () => number
  /** Alarms: `subscription.tampered`. */
  alarm(event: string, detail: Record<string, unknown>): void
}

export type Waiting = { event: GatewayEvent; key: string; etag: string }

export const OUTBOX = 'outbox'
export const TOLD = 'told'
export const CALL = { deadlineMs: 5_000 }
/** Of a whole walk, in which each row is worked on: what stays is no reason never to come to what is behind it. */
export const WALK = { deadlineMs: 120_000 }
/** Who tells an event again does so within a tick or two; far longer than that it is known. */
const TOLD_MS = 7 * 86_400_000

/**
 * Events that nobody was told of yet: partition `outbox`, row = hash of type and id; partition `told`: those that every
 * subscriber's line has. Methods throw StorageError, and `keys_unavailable`.
 */
export function createOutbox({ table, seal, now, alarm }: EventRowsDeps) {
  const isTold = async (key: string) => (await table.get(TOLD, key, CALL)) !== undefined
  return {
    isTold,
    /**
     * Whether its fan-out is not over. What is in neither was told so long ago that it is known no more. INVARIANT: `told` is
     * looked at first, as it is written first.
     */
    isWaiting: async (key: string) => !(await isTold(key)) && (await table.get(OUTBOX, key, CALL)) !== undefined,
    /** Durable when it resolves. The same event again is nothing new. */
    async put(event: GatewayEvent): Promise<void> {
      const key = keyOf(event)
      if (await isTold(key)) return
      await table.insert({ partitionKey: OUTBOX, rowKey: key, ...eventColumns(event, await seal()) }, CALL)
    },
    /** All that wait; a row that is not ours goes, and is reported. */
    async *waiting(): AsyncIterable<Waiting> {
      const key = await seal()
      for await (const row of table.list({ partitionKey: OUTBOX }, WALK)) {
        const event = readEvent(row, key)
        if (event && keyOf(event) === row.rowKey) yield { event, key: row.rowKey, etag: row.etag }
        else {
          alarm('subscription.tampered', { partition: row.partitionKey, row: row.rowKey })
          await table.remove(OUTBOX, row.rowKey, row.etag, CALL)
        }
      }
    },
    /** INVARIANT: `told` first: an event is in one of the two at least, so that it is not told anew. */
    async finish({ key, etag }: Waiting): Promise<void> {
      const expires = new Date(now() + TOLD_MS).toISOString()
      await table.insert({ partitionKey: TOLD, rowKey: key, expires }, CALL)
      await table.remove(OUTBOX, key, etag, CALL)
    },
  }
}

export type Outbox = ReturnType<typeof createOutbox>
