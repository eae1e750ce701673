import type { Change, Row, Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { jitter } from '../jitter.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import {
  type AccessContext,
  CONTEXT_ROW,
  contextRow,
  readContext,
  type Seal,
  type Status,
  type StoredContext,
} from './access-context.ts'
import { indexRows } from './index-rows.ts'

/** Every method throws GatewayError `storage_unavailable` or `keys_unavailable` when nobody can tell. */
export type GrantStore = {
  /** `tampered` has been reported when it comes back. */
  read(id: string): Promise<StoredContext | 'unknown' | 'tampered'>
  /** The same out of a row that came by another way. */
  open(row: Parameters<typeof readContext>[0]): Promise<StoredContext | 'tampered'>
  /** Index rows first. */
  insert(context: AccessContext): Promise<'inserted' | 'exists'>
  /** One compare-and-set, with rows of the same partition that are inserted with it. */
  replace(context: StoredContext, status: Status, inserts?: readonly Row[]): Promise<'done' | 'conflict'>
  /**
   * Reads, alters and replaces until nobody came in between, for at most 2 s. `alter` may throw; what it leaves undefined
   * stays as it is. Gives what stands there now; `unknown` and `tampered` are left alone.
   */
  change(
    id: string,
    alter: (context: StoredContext) => Altered | undefined,
  ): Promise<AccessContext | 'unknown' | 'tampered'>
}

export type Altered = { status: Status; inserts?: readonly Row[] }

export type GrantStoreDeps = {
  /** Table `grants`. */
  table: Table
  seal: () => Promise<Seal>
  /** Alarms: `grant.tampered`. */
  tampered(detail: { grant: string; what: string }): void
  /** No grant of a root lives longer than this after the root's token was validated. */
  maxSeconds: number
}

const CALL = { deadlineMs: 2_000 }
export const CONTENTION_MS = 2_000

export function createGrantStore({ table, seal, tampered, maxSeconds }: GrantStoreDeps): GrantStore {
  const store: GrantStore = {
    read: (id) =>
      orUnavailable('grants', async () => {
        const row = await table.get(id, CONTEXT_ROW, CALL)
        return row ? store.open(row) : 'unknown'
      }),
    async open(row) {
      const context = readContext(row, await seal())
      if (context) return context
      tampered({ grant: row.partitionKey, what: 'seal' })
      return 'tampered'
    },
    insert: (context) =>
      orUnavailable('grants', async () => {
        const { terms } = context
        const index = indexRows(terms, terms.validatedAt + maxSeconds * 1_000)
        await Promise.all(index.map((row) => table.insert(row, CALL)))
        return table.insert(contextRow(context, await seal()), CALL)
      }),
    replace: (context, status, inserts = []) =>
      orUnavailable('grants', async () => {
        const row = contextRow({ ...context, status }, await seal())
        const changes: Change[] = [{ act: 'replace', row, etag: context.etag }]
        for (const inserted of inserts) changes.push({ act: 'insert', row: inserted })
        return table.transact(changes, CALL)
      }),
    async change(id, alter) {
      const giveUpAt = performance.now() + CONTENTION_MS
      for (let tries = 1; performance.now() < giveUpAt; tries++) {
        const context = await store.read(id)
        if (typeof context === 'string') return context
        const altered = alter(context)
        if (!altered) return context
        const answer = await store.replace(context, altered.status, altered.inserts)
        if (answer === 'done') return { ...context, status: altered.status }
        await jitter(tries)
      }
      throw contended()
    },
  }
  return store
}

export const contended = () => new GatewayError('storage_unavailable', 'grant_contended', { retryAfterSeconds: 1 })
