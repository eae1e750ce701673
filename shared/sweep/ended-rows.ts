import type { Change, Query, StoredRow, Table } from '../azure/table.ts'
import type { Bounds } from './bounds.ts'
import { readPlace, savePlace } from './place.ts'

/** What is walked, and which of its rows have ended. */
export type EndedRows = {
  /** Under which the place of the walk is kept. */
  name: string
  table: Table
  /** Ranges of partition keys, in key order. */
  ranges: readonly { from: string; before: string }[]
  select: readonly string[]
  ended(row: StoredRow): boolean | Promise<boolean>
}

const CALL = { deadlineMs: 10_000 }
const PAGE_ROWS = 1_000
/** An entity-group transaction takes no more. */
const MAX_BATCH = 100

/**
 * Removes rows that have ended, each by its ETag: one that changes meanwhile stays. Goes on where the last run stopped, so
 * that what is alive keeps nothing else from its turn. Late, twice, on two instances, killed between: only what has ended goes.
 * Gives how many went. Throws StorageError.
 */
export async function removeEnded(rows: EndedRows, { leases, bounds }: { leases: Table; bounds: Bounds }) {
  const { name, table } = rows
  const place = await readPlace(leases, name)
  let [looked, removed] = [0, 0]
  let after = place.after
  let batch: StoredRow[] = []
  const flush = async () => {
    removed += await removeTogether(table, batch)
    batch = []
  }
  for await (const row of walk(rows, place)) {
    if (batch.length >= MAX_BATCH || (batch[0] && batch[0].partitionKey !== row.partitionKey)) await flush()
    if (looked >= bounds.rows || bounds.over()) break
    looked += 1
    if (await rows.ended(row)) batch.push(row)
    after = row
  }
  await flush()
  const finished = looked < bounds.rows && !bounds.over()
  // Nothing to remember as long as a run comes through.
  if (!finished || place.after) await savePlace(leases, name, { ...place, after: finished ? undefined : after })
  return removed
}

async function* walk(rows: EndedRows, { after }: { after?: Place | undefined }): AsyncIterable<StoredRow> {
  const { table, select } = rows
  for (const { from, before } of rows.ranges) {
    if (!after || after.partitionKey < from) {
      yield* pages(table, { partitionFrom: from, partitionBefore: before, select })
    } else if (after.partitionKey < before) {
      // `!` sorts before everything that our keys go on with.
      yield* pages(table, { partitionKey: after.partitionKey, rowFrom: `${after.rowKey}!`, select })
      yield* pages(table, { partitionFrom: `${after.partitionKey}!`, partitionBefore: before, select })
    }
  }
}

type Place = { partitionKey: string; rowKey: string }

const pages = (table: Table, query: Query) => table.list({ ...query, pageRows: PAGE_ROWS }, { deadlineMs: 120_000 })

/** Rows of one partition. Where one of them has changed, each for itself. */
async function removeTogether(table: Table, rows: readonly StoredRow[]): Promise<number> {
  if (rows.length === 0) return 0
  const changes = rows.map(({ partitionKey, rowKey, etag }): Change & { act: 'remove' } => ({
    ...{ act: 'remove', partitionKey, rowKey, etag },
  }))
  if (changes.length > 1 && (await table.transact(changes, CALL)) === 'done') return changes.length
  let removed = 0
  for (const { partitionKey, rowKey, etag } of changes)
    if ((await table.remove(partitionKey, rowKey, etag, CALL)) === 'removed') removed += 1
  return removed
}
