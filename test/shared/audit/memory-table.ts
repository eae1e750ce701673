import { type Query, type Row, StorageError, type StoredRow, type Table } from '../../../shared/azure/table.ts'

type Held = { row: Row; commit(): void; answer(): void; fail(reason?: StorageError['reason']): void }

/**
 * A table in memory whose inserts the test can hold: what is decided by the order of events is tested here, what storage really
 * does in azurite.test.ts.
 */
export function memoryTable() {
  const rows = new Map<string, StoredRow>()
  const held: Held[] = []
  let holding = false
  let down: StorageError['reason'] | undefined
  let inserts = 0
  let gets = 0
  const keyOf = (partitionKey: string, rowKey: string) => `${partitionKey}\n${rowKey}`
  const commit = (row: Row) => {
    const key = keyOf(row.partitionKey, row.rowKey)
    if (rows.has(key)) return 'exists'
    rows.set(key, { ...row, etag: `W/"${rows.size}"` })
    return 'inserted'
  }
  const table: Table = {
    async get(partitionKey, rowKey) {
      gets++
      if (down) throw new StorageError(down)
      return rows.get(keyOf(partitionKey, rowKey))
    },
    insert(row) {
      inserts++
      if (down) return Promise.reject(new StorageError(down))
      if (!holding) return Promise.resolve(commit(row))
      return new Promise((resolve, reject) => {
        let outcome: 'inserted' | 'exists' | undefined
        const commitOnce = () => {
          outcome ??= commit(row)
        }
        held.push({
          row,
          commit: commitOnce,
          answer() {
            commitOnce()
            if (outcome) resolve(outcome)
          },
          fail: (reason = 'unreachable') => reject(new StorageError(reason)),
        })
      })
    },
    async *list({ partitionKey, partitionFrom, partitionBefore }: Query) {
      if (down) throw new StorageError(down)
      for (const [, row] of [...rows].sort(([one], [other]) => (one < other ? -1 : 1))) {
        const key = row.partitionKey
        if (partitionKey !== undefined && key !== partitionKey) continue
        if (partitionFrom !== undefined && key < partitionFrom) continue
        if (partitionBefore !== undefined && key >= partitionBefore) continue
        yield row
      }
    },
    replace: () => Promise.reject(new Error('the journal must never replace')),
    remove: () => Promise.reject(new Error('the journal must never remove')),
    transact: () => Promise.reject(new Error('the journal must never transact')),
  }
  return {
    table,
    rows,
    held,
    hold(on: boolean) {
      holding = on
    },
    fail(reason: StorageError['reason'] | undefined) {
      down = reason
    },
    inserts: () => inserts,
    gets: () => gets,
    sorted: () => [...rows].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, row]) => row),
  }
}
