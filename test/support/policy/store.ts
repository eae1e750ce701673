import { StorageError, type Table } from '../../../shared/azure/table.ts'
import { applyPolicies } from '../../../shared/policy/apply.ts'
import { createPolicyStore } from '../../../shared/policy/store.ts'
import { createMemoryTable, type MemoryTable } from '../memory-table.ts'

export const POLL = 5
export const MAX_STALE = 60

/** A store on a table that can be cut off, with a clock of its own and what it reported. */
export function setup(inner: MemoryTable = createMemoryTable()) {
  const state = { seconds: 0, down: false, reads: 0, inner }
  const reported: string[] = []
  const table: Table = {
    ...inner,
    get: async (partitionKey, rowKey) => {
      state.reads++
      if (state.down) throw new StorageError('unreachable')
      return state.inner.get(partitionKey, rowKey)
    },
    list: (query) => state.inner.list(query),
  }
  const store = createPolicyStore({
    table,
    now: () => state.seconds * 1_000,
    pollSeconds: POLL,
    maxStaleSeconds: MAX_STALE,
    forbiddenIssuer: 'https://gateway.example',
    report: (event) => void reported.push(event),
  })
  const apply = (...documents: unknown[]) =>
    applyPolicies({ table: state.inner, documents, now: () => state.seconds * 1_000 })
  return { state, reported, store, apply }
}
