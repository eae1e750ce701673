import { randomUUID } from 'node:crypto'
import { type Row, StorageError, type Table } from '../../azure/table.ts'
import { storageUnavailable } from '../../storage-unavailable.ts'

/** How many of a window are used after the request was counted, or that it was not. */
export type Counted = { counted: boolean; used: number }

export type QuotaCounter = {
  /** Counts one request unless `count` are used; durable when it resolves. Throws `storage_unavailable`: nothing may be given. */
  take(count: number): Promise<Counted>
}

type Waiting = { count: number; resolve(counted: Counted): void; reject(error: unknown): void }
type Known = { used: number; etag: string }

const CALL = { deadlineMs: 2_000 }
/** So long a write is tried again that others got in before; then nobody can tell in time. */
const PATIENCE_MS = 2_000
const MAX_PAUSE_MS = 40

/**
 * The used part of one window, a row that only grows, changed by compare-and-set (T12). Requests that come while a write is on
 * its way are counted together by the next one: a process has one write in flight per counter, however many ask.
 * INVARIANT: counted before anything is given; what fails afterwards loses one of the quota and never gives one.
 */
export function createQuotaCounter(table: Table, key: { partitionKey: string; rowKey: string }, columns: Columns) {
  let known: Known | undefined
  let waiting: Waiting[] = []
  let running = false

  const counter: QuotaCounter = {
    take(count) {
      // What is used never falls within a window, so even an old reading is enough to refuse by.
      if (known && known.used >= count) return Promise.resolve({ counted: false, used: known.used })
      return new Promise((resolve, reject) => {
        waiting.push({ count, resolve, reject })
        if (!running) void run()
      })
    },
  }
  return counter

  async function run(): Promise<void> {
    running = true
    while (waiting.length > 0) {
      const together = waiting
      waiting = []
      try {
        const counted = await count(together)
        for (const [at, { resolve }] of together.entries()) resolve(counted[at] as Counted)
      } catch (error) {
        // The write may have landed all the same: then its ETag has moved, and the next one reads what is stored.
        for (const { reject } of together) reject(unavailable(error))
      }
    }
    running = false
  }

  async function count(together: readonly Waiting[]): Promise<Counted[]> {
    const by = randomUUID()
    const until = performance.now() + PATIENCE_MS
    for (let pause = 1; performance.now() < until; pause = Math.min(2 * pause, MAX_PAUSE_MS)) {
      const before = known?.used ?? 0
      const counted = countFrom(before, together)
      const used = counted.at(-1)?.used ?? before
      if (used === before && known) return counted
      const written = await write({ ...key, ...columns, used, by })
      if (written) {
        known = written.etag === undefined ? undefined : { used, etag: written.etag }
        return counted
      }
      const row = await table.get(key.partitionKey, key.rowKey, CALL)
      known = row && { used: readUsed(row['used']), etag: row.etag }
      // A retried write that had committed finds its own row.
      if (row?.['by'] === by) return counted
      await new Promise((turn) => setTimeout(turn, Math.random() * pause))
    }
    throw new StorageError('timeout')
  }

  /** Undefined when somebody else wrote meanwhile. An insert gives no ETag. */
  async function write(row: Row): Promise<{ etag?: string } | undefined> {
    if (!known) return (await table.insert(row, CALL)) === 'inserted' ? {} : undefined
    const replaced = await table.replace(row, known.etag, CALL)
    return replaced === 'changed' ? undefined : replaced
  }
}

/** For people and for the sweep. */
export type Columns = { statement: string; expires: string }

function countFrom(before: number, together: readonly Waiting[]): Counted[] {
  let used = before
  return together.map(({ count }) => {
    const counted = used < count
    if (counted) used++
    return { counted, used }
  })
}

/** A row that says nothing usable counts as used up: an edited one must not give a new quota. */
function readUsed(value: unknown): number {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : Number.MAX_SAFE_INTEGER
}

const unavailable = (error: unknown): unknown =>
  error instanceof StorageError ? storageUnavailable('quota', error) : error
