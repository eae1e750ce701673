import type { StoredRow, Table } from '../azure/table.ts'
import type { Seal } from '../handles/handle.ts'
import {
  type NewSubscription,
  readSubscription,
  type StoredSubscription,
  SUBSCRIBERS,
  subscriptionRow,
} from './subscription.ts'

type Deps = {
  /** Table `subscriptions`. */
  table: Table
  seal: () => Promise<Seal>
  /** Alarms: `subscription.tampered`. */
  alarm(event: string, detail: Record<string, unknown>): void
}

const CALL = { deadlineMs: 5_000 }

/** Subscriptions as storage has them, changed by compare-and-set. Methods throw StorageError, and `keys_unavailable`. */
export function createSubscriptionRows({ table, seal, alarm }: Deps) {
  const parse = async (row: StoredRow): Promise<StoredSubscription | undefined> => {
    const stored = readSubscription(row, await seal())
    if (!stored) alarm('subscription.tampered', { partition: row.partitionKey, row: row.rowKey })
    return stored
  }
  return {
    /** Undefined also for a row that was edited, which has been reported then; its etag lets it be written over. */
    async read(id: string): Promise<{ stored?: StoredSubscription; etag?: string }> {
      const row = await table.get(SUBSCRIBERS, id, CALL)
      if (!row) return {}
      const stored = await parse(row)
      return { etag: row.etag, ...(stored && { stored }) }
    },
    async all(): Promise<StoredSubscription[]> {
      const found: StoredSubscription[] = []
      for await (const row of table.list({ partitionKey: SUBSCRIBERS }, CALL)) {
        const stored = await parse(row)
        if (stored) found.push(stored)
        // Told once: nobody but its subscriber can make it good again.
        else await table.remove(SUBSCRIBERS, row.rowKey, row.etag, CALL)
      }
      return found
    },
    /** `etag`: of the row it takes the place of. */
    async write(
      made: NewSubscription,
      { etag, parked }: { etag?: string; parked?: string },
    ): Promise<'done' | 'changed'> {
      const row = subscriptionRow(made, await seal(), parked)
      if (etag === undefined) return (await table.insert(row, CALL)) === 'inserted' ? 'done' : 'changed'
      return (await table.replace(row, etag, CALL)) === 'changed' ? 'changed' : 'done'
    },
    /** What has gone has gone, whoever was faster. */
    async remove(id: string, etag: string): Promise<'removed' | 'changed'> {
      return table.remove(SUBSCRIBERS, id, etag, CALL)
    },
  }
}

export type SubscriptionRows = ReturnType<typeof createSubscriptionRows>
