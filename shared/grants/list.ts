import { z } from 'zod'
import type { Query, StoredRow, Table } from '../azure/table.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { StoredContext } from './access-context.ts'
import { PRINCIPALS, principalPartition } from './index-rows.ts'
import type { Slots } from './slots.ts'

const MAX_LIMIT = 200
const DEFAULT_LIMIT = 50
/** Each listed grant is a read of its own. */
const AT_ONCE = 16
const CALL = { deadlineMs: 5_000 }

/** An opaque position is the place of the last grant in the index: a hash, a time, an id. */
const POSITION = /^p\|[A-Za-z0-9_-]{43}~\d{13}\|[A-Za-z0-9_-]{32}$/

export const ListGrantsQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((count) => count >= 1 && count <= MAX_LIMIT, `must be 1 to ${MAX_LIMIT}`)
    .default(DEFAULT_LIMIT)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT }),
  after: z
    .string()
    .max(256)
    .transform((text) => Buffer.from(text, 'base64url').toString('utf8'))
    .refine((text) => POSITION.test(text), 'is not a position of this list')
    .optional(),
})

export type ListedGrant = { context: StoredContext; left: number }

type Wanted = {
  /** Principal id; without it, the grants of everybody. */
  principal?: string
  limit: number
  after?: string | undefined
}

/** One page, newest first within each principal; never reads more than `limit` rows of the index and as many grants. */
export async function listGrants(
  { table, slots }: { table: Table; slots: Slots },
  { principal, limit, after }: Wanted,
): Promise<{ grants: ListedGrant[]; next?: string }> {
  const rows: StoredRow[] = []
  for (const query of queriesOf(principal, after)) {
    if (rows.length > limit) break
    await orUnavailable('grants', async () => {
      for await (const row of table.list({ ...query, pageRows: limit + 1 }, CALL)) {
        if (rows.push(row) > limit) break
      }
    })
  }
  const page = rows.slice(0, limit)
  const grants: ListedGrant[] = []
  for (let at = 0; at < page.length; at += AT_ONCE) {
    const ids = page.slice(at, at + AT_ONCE).map(({ rowKey }) => rowKey.slice(rowKey.indexOf('|') + 1))
    for (const { context, left } of await Promise.all(ids.map(slots.look))) {
      if (typeof context !== 'string') grants.push({ context, left })
    }
  }
  const last = page.at(-1)
  return { grants, ...(rows.length > limit && last && { next: `${last.partitionKey}~${last.rowKey}` }) }
}

/** The rest of the position's partition, then the partitions behind it. `!` comes before everything that a key goes on with. */
function queriesOf(principal: string | undefined, after: string | undefined): Query[] {
  const own = principal && principalPartition(principal)
  const [partition = '', row = ''] = after?.split('~') ?? []
  if (own) return [{ partitionKey: own, ...(after && { rowFrom: `${row}!` }) }]
  if (!after) return [PRINCIPALS]
  return [
    { partitionKey: partition, rowFrom: `${row}!` },
    { ...PRINCIPALS, partitionFrom: `${partition}!` },
  ]
}
