import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { Change, StoredRow, Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { isUnderWay, type RotationState, type Run } from './run.ts'

const STATE = 'state'
/** No name of a rotation begins with `_`. */
const DUE = '_due'
const CALL = { deadlineMs: 5_000 }

const time = z.number()
const state = z.enum(['pending', 'set', 'verified', 'current', 'retired', 'stuck', 'aborted'])
const RunRow: z.ZodType<Run> = z.object({
  id: z.string().regex(/^[0-9a-f]{32}$/),
  state,
  stuckIn: z.enum(['pending', 'set', 'verified', 'current']).optional(),
  of: z.string().optional(),
  by: z.string(),
  startedAt: time,
  endedAt: time.optional(),
  steps: z.array(z.object({ state, at: time })),
  attempts: z.int(),
  verified: z.object({ count: z.int(), since: time.optional() }),
  notBefore: time,
  publishedAt: time.optional(),
  version: z.string().optional(),
  replaces: z.string().optional(),
  memory: z.record(z.string(), z.string()),
  pending: z.string().optional(),
  validDays: z.int().optional(),
  reason: z.string().optional(),
}) as z.ZodType<Run>

/** A state as read: `etag` goes back with the next write, `dueKey` is its row in the due index. */
export type StoredState = RotationState & { etag: string | undefined; dueKey: string | undefined }

export type DueRow = { name: string; at: number; key: string; etag: string }

/**
 * Table `rotations`: PK name, RK `state` and `run|<id>` (runs that ended); PK `_due`, RK `<13 digits of ms>|<name>`.
 * INVARIANT: the due index never lacks a row that is due: it is written before the state and cleaned after; what is there too
 * much costs a look and changes nothing. Methods throw StorageError.
 */
export function createStates(table: Table) {
  return {
    /** A rotation that storage does not know is one that never ran. */
    async read(name: string): Promise<StoredState> {
      const row = await table.get(name, STATE, CALL)
      return row ? stateOf(row) : { name, fence: 0, etag: undefined, dueKey: undefined }
    },

    /**
     * Writes the state if it is still the one that was read, and its place in the due index: `nextAt` in milliseconds, Infinity
     * for none. Gives what is stored now, or `changed`.
     */
    async write(before: StoredState, state: RotationState, nextAt: number): Promise<StoredState | 'changed'> {
      const dueKey = Number.isFinite(nextAt) ? dueKeyOf(state.name, nextAt) : undefined
      if (dueKey && dueKey !== before.dueKey)
        await table.insert({ partitionKey: DUE, rowKey: dueKey, name: state.name }, CALL)
      const row = {
        partitionKey: state.name,
        rowKey: STATE,
        fence: state.fence,
        ...columns(state),
        ...(dueKey && { dueKey }),
      }
      const changes: Change[] = [
        before.etag === undefined ? { act: 'insert', row } : { act: 'replace', row, etag: before.etag },
        ...ended(before.run, state),
      ]
      const done = await table.transact(changes, CALL)
      const stored = await this.read(state.name)
      // A retried write that had committed looks like a lost race: what is stored tells.
      if (done === 'conflict' && !isSame(stored, state)) return 'changed'
      if (before.dueKey && before.dueKey !== dueKey) await this.forget(before.dueKey)
      return stored
    },

    /** What is due at `now`, oldest first, at most so many, behind the row with the key `after`. */
    async due(now: number, max: number, after?: string): Promise<DueRow[]> {
      const rowBefore = String(Math.max(0, Math.floor(now)) + 1).padStart(13, '0')
      const found: DueRow[] = []
      const range = { ...(after !== undefined && { rowFrom: `${after}!` }), rowBefore }
      for await (const row of table.list({ partitionKey: DUE, ...range, pageRows: Math.min(max, 1_000) }, CALL)) {
        const at = Number(row.rowKey.slice(0, 13))
        const name = row.rowKey.slice(14)
        if (Number.isFinite(at) && name) found.push({ at, name, key: row.rowKey, etag: row.etag })
        if (found.length >= max) break
      }
      return found
    },

    /** Puts a rotation into the due index; the state says what it is due for. */
    async schedule(name: string, at: number): Promise<void> {
      await table.insert({ partitionKey: DUE, rowKey: dueKeyOf(name, at), name }, CALL)
    },

    async forget(dueKey: string): Promise<void> {
      const row = await table.get(DUE, dueKey, CALL)
      if (row) await table.remove(DUE, dueKey, row.etag, CALL)
    },

    /** A run by its id, under way or over; undefined when there was none. */
    async run(name: string, id: string): Promise<Run | undefined> {
      const { run } = await this.read(name)
      if (run?.id === id) return run
      const row = await table.get(name, `run|${id}`, CALL)
      return row && parseRun(row['body'])
    },
  }
}

const dueKeyOf = (name: string, at: number) => `${String(Math.max(0, Math.floor(at))).padStart(13, '0')}|${name}`

export type States = ReturnType<typeof createStates>

const columns = ({ run, lastRotatedAt }: RotationState) => ({
  ...(run && { body: JSON.stringify(run) }),
  ...(lastRotatedAt !== undefined && { lastRotatedAt }),
})

/** A run that ends is kept under its own key, in the same transaction; a run that had ended is there already. */
function ended(before: Run | undefined, { name, run }: RotationState): Change[] {
  if (!run || isUnderWay(run) || (before?.id === run.id && !isUnderWay(before))) return []
  return [{ act: 'insert', row: { partitionKey: name, rowKey: `run|${run.id}`, body: JSON.stringify(run) } }]
}

function stateOf(row: StoredRow): StoredState {
  const { fence, body, lastRotatedAt, dueKey } = row
  const run = parseRun(body)
  return {
    name: row.partitionKey,
    fence: typeof fence === 'number' ? fence : 0,
    etag: row.etag,
    dueKey: typeof dueKey === 'string' ? dueKey : undefined,
    ...(run && { run }),
    ...(typeof lastRotatedAt === 'number' && { lastRotatedAt }),
  }
}

/** INVARIANT: a body that somebody edited into nonsense throws: a run must not begin anew over one that may be half done. */
function parseRun(body: unknown): Run | undefined {
  if (body === undefined) return undefined
  try {
    return RunRow.parse(JSON.parse(String(body)))
  } catch {
    throw new GatewayError('storage_unavailable', 'rotation_row_unreadable', { retryAfterSeconds: 60 })
  }
}

const isSame = (stored: StoredState, state: RotationState) =>
  stored.fence === state.fence && isDeepStrictEqual(stored.run, state.run && JSON.parse(JSON.stringify(state.run)))
