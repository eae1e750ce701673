import type { Row, StoredRow, Table } from '../../azure/table.ts'

const CALL = { deadlineMs: 10_000 }
const MAX_TRIES = 5

/** Merges into a row by compare-and-set; who loses the race every time leaves it to the next run. Throws StorageError. */
export async function mergeRow(
  table: Table,
  key: { partitionKey: string; rowKey: string },
  merge: (stored: StoredRow | undefined) => Record<string, string | number>,
): Promise<void> {
  for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
    const stored = await table.get(key.partitionKey, key.rowKey, CALL)
    const row: Row = { ...key, ...merge(stored) }
    const done = stored ? await table.replace(row, stored.etag, CALL) : await table.insert(row, CALL)
    if (done !== 'changed' && done !== 'exists') return
  }
}
