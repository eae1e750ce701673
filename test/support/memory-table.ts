import type { Change, Query, Row, StoredRow, Table } from '../../shared/azure/table.ts'

export type MemoryTable = Table & {
  /** Everything in it, in key order, as a copy. */
  rows(): StoredRow[]
}

/**
 * A table in memory with the semantics that the storage protocol rests on: ETags that change at every write, 409, 412,
 * all-or-nothing transactions, key order. For runs that kill at every single write, where a server would take minutes;
 * the same code meets Azurite in the storage tests.
 */
export function createMemoryTable(from: readonly StoredRow[] = []): MemoryTable {
  let rows = new Map(from.map((row) => [keyOf(row), { ...row }]))
  let stamp = from.length

  function write(target: Map<string, StoredRow>, change: Change): boolean {
    const key = keyOf('row' in change ? change.row : change)
    const existing = target.get(key)
    if (change.act === 'insert' ? existing : existing?.etag !== change.etag) return false
    if (change.act === 'remove') target.delete(key)
    else target.set(key, { ...clean(change.row), etag: `W/"${++stamp}"` })
    return true
  }

  return {
    rows: () => [...rows.values()].sort(byKey).map((row) => ({ ...row })),
    get: async (partitionKey, rowKey) => copy(rows.get(keyOf({ partitionKey, rowKey }))),
    insert: async (row) => (write(rows, { act: 'insert', row }) ? 'inserted' : 'exists'),
    replace: async (row, etag) =>
      write(rows, { act: 'replace', row, etag }) ? { etag: rows.get(keyOf(row))?.etag ?? '' } : 'changed',
    remove: async (partitionKey, rowKey, etag) =>
      write(rows, { act: 'remove', partitionKey, rowKey, etag }) ? 'removed' : 'changed',
    async *list(query) {
      // A page at a time, so that writers can come in between as they do in storage.
      for (const row of [...rows.values()].filter((one) => matches(one, query)).sort(byKey)) yield { ...row }
    },
    transact: async (changes) => {
      if (changes.length > 100 || new Set(changes.map(partitionOf)).size > 1) throw new Error('no valid transaction')
      const next = new Map(rows)
      if (!changes.every((change) => write(next, change))) return 'conflict'
      rows = next
      return 'done'
    },
  }
}

/** Calls `before` ahead of every write with its number from 1; what that throws happens instead of the write. */
export function onEveryWrite(table: Table, before: (count: number) => void | Promise<void>): Table {
  let count = 0
  const guarded =
    <A extends unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A) => {
      await before(++count)
      return write(...args)
    }
  return {
    ...table,
    insert: guarded(table.insert),
    replace: guarded(table.replace),
    remove: guarded(table.remove),
    transact: guarded(table.transact),
  }
}

const keyOf = ({ partitionKey, rowKey }: { partitionKey: string; rowKey: string }) => `${partitionKey}\u0000${rowKey}`
const partitionOf = (change: Change) => ('row' in change ? change.row.partitionKey : change.partitionKey)
const byKey = (a: Row, b: Row) => (keyOf(a) < keyOf(b) ? -1 : 1)
const copy = (row: StoredRow | undefined) => row && { ...row }

function matches({ partitionKey, rowKey }: Row, query: Query): boolean {
  return (
    (query.partitionKey === undefined || partitionKey === query.partitionKey) &&
    (query.partitionFrom === undefined || partitionKey >= query.partitionFrom) &&
    (query.partitionBefore === undefined || partitionKey < query.partitionBefore) &&
    (query.rowFrom === undefined || rowKey >= query.rowFrom) &&
    (query.rowBefore === undefined || rowKey < query.rowBefore)
  )
}

/** Storage keeps no undefined columns. */
const clean = (row: Row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as Row
