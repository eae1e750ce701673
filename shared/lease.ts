import { randomUUID } from 'node:crypto'
import type { StoredRow, Table } from './azure/table.ts'

const LEASES_PARTITION = 'lease'

/** The right to write something, until it expires. Every write it guards carries `fence`; a lower one must be refused there. */
export type Lease = {
  fence: number
  /** Throws what `lost` makes when somebody else has taken it meanwhile. */
  renew(): Promise<void>
  /** Lets the next one in at once; losing it is no error. */
  release(): Promise<void>
}

export type LeaseOptions = {
  name: string
  lifeMs: number
  now: () => number
  /** The fence grows past this too, should the row of the lease have been lost. */
  minFence: number
  deadlineMs: number
  lost: () => Error
}

/**
 * Takes the lease when it is free or has expired, by compare-and-set; undefined when another holds it. Clocks are each
 * holder's own, so two may hold it for as long as their clocks differ: the fence decides between them.
 */
export async function takeLease(leases: Table, options: LeaseOptions): Promise<Lease | undefined> {
  const { name, now, lifeMs, minFence, deadlineMs, lost } = options
  const owner = randomUUID()
  const call = { deadlineMs }
  const read = () => leases.get(LEASES_PARTITION, name, call)
  const held = await read()
  if (held && isHeld(held, now(), lifeMs)) return undefined
  const fence = Math.max(Number(held?.['fence']) || 0, minFence) + 1
  const row = (expires: number) => ({
    partitionKey: LEASES_PARTITION,
    rowKey: name,
    owner,
    fence,
    expires: new Date(expires).toISOString(),
  })
  const write = (expires: number) =>
    held ? leases.replace(row(expires), held.etag, call) : leases.insert(row(expires), call)
  await write(now() + lifeMs)
  // A retried write that had committed answers like a lost race: the owner tells.
  let etag = await etagIfMine(read, owner)
  if (etag === undefined) return undefined
  return {
    fence,
    async renew() {
      const renewed = await leases.replace(row(now() + lifeMs), etag ?? '', call)
      etag = renewed === 'changed' ? await etagIfMine(read, owner) : renewed.etag
      if (etag === undefined) throw lost()
    },
    async release() {
      if (etag !== undefined) await leases.replace(row(0), etag, call)
    },
  }
}

async function etagIfMine(read: () => Promise<StoredRow | undefined>, owner: string): Promise<string | undefined> {
  const row = await read()
  return row?.['owner'] === owner ? row.etag : undefined
}

/** One that ends later than any holder could have written was written by a clock far off, and would block for as long. */
function isHeld(row: StoredRow, now: number, lifeMs: number): boolean {
  const left = Date.parse(String(row['expires'])) - now
  return left > 0 && left <= 2 * lifeMs
}
