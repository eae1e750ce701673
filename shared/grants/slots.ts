import type { Change, Row, StoredRow, Table } from '../azure/table.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import { CONTEXT_ROW, type StoredContext } from './access-context.ts'
import type { GrantStore } from './store.ts'

/**
 * Up to so many uses are rows of their own, which nobody has to change; more are a counter. One less than a transaction holds:
 * a delegation that takes all of them has a record, too.
 */
export const SLOTS = 99

/** The grant as just read, and what is left of its uses. */
export type Reading<C = StoredContext | 'unknown' | 'tampered'> = {
  context: C
  left: number
  /** Numbers of the slots that are free; none where a counter counts. */
  free: readonly number[]
}

export type Slots = {
  /** Reads a grant whose uses are counted, and what is left of them; where they are slots, at once. */
  read(grant: { id: string; maxUses: number }): Promise<Reading>
  /** The same of any grant; `left` is infinite where nothing is counted. */
  look(id: string): Promise<Reading>
  /** One transaction with the records; `conflict`: somebody else took one of the slots, or changed the counter or a record. */
  take(reading: Reading<StoredContext>, count: number, records: readonly Row[]): Promise<'done' | 'conflict'>
}

const CALL = { deadlineMs: 2_000 }
/** Behind every slot, before the records of uses. */
const SLOTS_END = 't'

/**
 * Where the uses of a grant are counted: rows `s001`… that are inserted, in random order so that processes seldom meet, or
 * `usesLeft` of the grant's own row by compare-and-set. INVARIANT: an insert or an ETag decides, never the reading before it.
 */
export function createSlots({ table, store }: { table: Table; store: GrantStore }): Slots {
  return {
    async read({ id, maxUses }) {
      if (maxUses <= SLOTS) return look(id)
      const context = await store.read(id)
      return { context, left: typeof context === 'string' ? 0 : (context.status.usesLeft ?? 0), free: [] }
    },
    look,
    take({ context, free }, count, records) {
      const { status, terms } = context
      if (status.usesLeft !== undefined) {
        return store.replace(context, { ...status, usesLeft: status.usesLeft - count }, records)
      }
      const slots = pick(free, count).map((slot) => ({ partitionKey: terms.id, rowKey: slotKey(slot) }))
      const changes = [...records, ...slots].map((row): Change => ({ act: 'insert', row }))
      return orUnavailable('grants', () => table.transact(changes, CALL))
    },
  }

  async function look(id: string): Promise<Reading> {
    const rows = await orUnavailable('grants', async () => {
      const found: StoredRow[] = []
      const query = { partitionKey: id, rowFrom: CONTEXT_ROW, rowBefore: SLOTS_END }
      for await (const row of table.list(query, CALL)) found.push(row)
      return found
    })
    const own = rows.find(({ rowKey }) => rowKey === CONTEXT_ROW)
    const context = own ? await store.open(own) : 'unknown'
    if (typeof context === 'string') return { context, left: 0, free: [] }
    const { maxUses } = context.terms
    const { usesLeft } = context.status
    if (maxUses === undefined || usesLeft !== undefined) return { context, left: usesLeft ?? Infinity, free: [] }
    const taken = new Set(rows.map(({ rowKey }) => rowKey))
    const free = Array.from({ length: maxUses }, (_, at) => at + 1).filter((slot) => !taken.has(slotKey(slot)))
    return { context, left: free.length, free }
  }
}

const slotKey = (slot: number) => `s${String(slot).padStart(3, '0')}`

/** Random and distinct (Fisher and Yates). */
function pick(from: readonly number[], count: number): number[] {
  const all = [...from]
  for (let at = 0; at < count; at++) {
    const other = at + Math.floor(Math.random() * (all.length - at))
    const swapped = all[at] as number
    all[at] = all[other] as number
    all[other] = swapped
  }
  return all.slice(0, count)
}
