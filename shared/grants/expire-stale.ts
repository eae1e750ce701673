import type { Table } from '../azure/table.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { Status, StoredContext } from './access-context.ts'
import { hourPartition } from './index-rows.ts'
import type { GrantStore } from './store.ts'

type Deps = { table: Table; store: Pick<GrantStore, 'change'>; now: () => number }

const CALL = { deadlineMs: 5_000 }

/** What expiring makes of a grant; undefined where it lives, or has ended in another way. */
export function expired({ terms, status }: Pick<StoredContext, 'terms' | 'status'>, now: number): Status | undefined {
  const open = status.state === 'pending' || status.state === 'active'
  if (!open || status.expiresAt > now) return undefined
  return { ...status, state: 'expired', ended: { by: terms.principal, at: status.expiresAt } }
}

/**
 * Says of grants that have ended by their time that they have, by the compare-and-set of every other change, and takes them
 * out of the index by hour: a renewal that comes first wins, and nothing is renewed afterwards. It only tidies: what has
 * expired is refused at its use, whether this ever ran or not (T39). Gives how many were expired.
 */
export async function expireStale({ table, store, now }: Deps): Promise<{ expired: number }> {
  let count = 0
  await orUnavailable('grants', async () => {
    // Hours that are over: no grant of theirs can be renewed any more.
    const over = { partitionFrom: 'e|', partitionBefore: hourPartition(now()) }
    for await (const row of table.list(over, CALL)) {
      let changed = false
      const found = await store.change(row.rowKey, (context) => {
        const status = expired(context, now())
        changed = status !== undefined
        return status && { status }
      })
      if (changed) count++
      // One that cannot be read stays to be looked at.
      if (found !== 'tampered') await table.remove(row.partitionKey, row.rowKey, row.etag, CALL)
    }
  })
  return { expired: count }
}
