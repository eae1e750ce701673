import { hash, randomUUID } from 'node:crypto'
import { type Row, StorageError, type StoredRow, type Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { storageUnavailable } from '../storage-unavailable.ts'

/** What stands under a key after {@link Idempotency.begin}. */
export type Begun =
  | (Running & { kind: 'first' | 'resumed'; id: string })
  /** Done before: under which id, and with which status it was answered. */
  | { kind: 'answered'; id: string; status: number }

/** How a try ends. Never throws: what could not be written is found out by the next try. */
type Running = {
  succeeded(status: number): Promise<void>
  failed(how: { changedNothing: boolean }): Promise<void>
}

type Request = {
  /** Of this request; becomes the operation's when nobody began it before. */
  id: string
  /** What the key is told apart by; only a hash of it is stored. */
  scope: readonly string[]
  body: string
}

export type Idempotency = { begin(request: Request): Promise<Begun> }

export type IdempotencyDeps = {
  /** Table `once`. */
  table: Table
  /** Keyed hash: a plain one of a body that holds a secret could be guessed from. */
  hashBody: (body: string) => Promise<string>
  now: () => number
}

const CALL = { deadlineMs: 2_000 }
const KEPT_MS = 24 * 3_600_000
/** A try that runs longer has died with its process: no request takes this long. */
const MAX_RUNNING_MS = 60_000
/** Afterwards nothing is made again: a token or a value for a key found in an old log. */
const MAKES_AGAIN_MS = 5 * 60_000
/** Others may have the row change under us; more often than this in one request is no coincidence. */
const MAX_TRIES = 5
const IN_PROGRESS_RETRY_SECONDS = 2

/**
 * Rows of table `once`, partition `idem|<first 2 hex of hash>`. INVARIANT: an insert or a compare-and-set decides who acts,
 * never a read before it; the operation's id is written before anything is done, and outlives every try of unknown outcome.
 */
export function createIdempotency(deps: IdempotencyDeps): Idempotency {
  return {
    async begin(request) {
      const wanted = { id: request.id, body: await deps.hashBody(request.body), try: randomUUID() }
      try {
        for (let tries = 0; tries < MAX_TRIES; tries++) {
          const begun = await tryToBegin(deps, keyOf(request.scope), wanted)
          if (begun) return begun
        }
      } catch (error) {
        throw error instanceof StorageError ? storageUnavailable('idempotency', error) : error
      }
      throw inProgress('operation_contended')
    },
  }
}

type Wanted = { id: string; body: string; try: string }
type Key = { partitionKey: string; rowKey: string }

/** Undefined when the row changed or went meanwhile: look again. */
async function tryToBegin(deps: IdempotencyDeps, key: Key, wanted: Wanted): Promise<Begun | undefined> {
  const { table, now } = deps
  const fresh = { ...key, ...wanted, state: 'running', began: now(), expires: iso(now() + KEPT_MS) }
  await table.insert(fresh, CALL)
  const row = await table.get(key.partitionKey, key.rowKey, CALL)
  if (!row) return undefined
  // Ours: just inserted, or by an insert or a take-over that had committed and was retried.
  if (row['try'] === wanted.try) return running(deps, row)
  if (Date.parse(String(row['expires'])) <= now()) return takeOver(deps, fresh, row.etag)
  if (row['body'] !== wanted.body) throw new GatewayError('idempotency_mismatch', 'key_with_other_body')
  if (row['state'] === 'answered') return answered(row, now())
  if (row['state'] === 'running' && now() - Number(row['began']) <= MAX_RUNNING_MS)
    throw inProgress('operation_running')
  const again = { ...row, try: wanted.try, state: 'running', began: now(), resumed: true }
  return takeOver(deps, again, row.etag)
}

async function takeOver(deps: IdempotencyDeps, row: Row, etag: string): Promise<Begun | undefined> {
  const taken = await deps.table.replace(row, etag, CALL)
  return taken === 'changed' ? undefined : running(deps, { ...row, etag: taken.etag })
}

function running({ table, now }: IdempotencyDeps, { etag, ...row }: StoredRow): Begun {
  const kind = row['resumed'] ? 'resumed' : 'first'
  const replaceWith = (change: Partial<StoredRow>) => table.replace({ ...row, ...change } as Row, etag, CALL)
  // Whoever took over meanwhile has another ETag there; and a key that stays "running" is taken over in its time.
  const quietly = (write: Promise<unknown>) => write.then(nothing, nothing)
  return {
    kind,
    id: String(row['id']),
    succeeded: (status) => quietly(replaceWith({ state: 'answered', status, answered: now() })),
    failed: ({ changedNothing }) =>
      // A key that an earlier try may have done something under keeps its operation, whatever this one was told.
      quietly(
        changedNothing && kind === 'first'
          ? table.remove(row.partitionKey, row.rowKey, etag, CALL)
          : replaceWith({ state: 'failed' }),
      ),
  }
}

const nothing = () => undefined

function answered(row: StoredRow, now: number): Begun {
  if (now - Number(row['answered']) > MAKES_AGAIN_MS) throw new GatewayError('idempotency_expired', 'answered_long_ago')
  return { kind: 'answered', id: String(row['id']), status: Number(row['status']) }
}

function keyOf(scope: readonly string[]): Key {
  const name = hash('sha256', JSON.stringify(scope), 'hex')
  return { partitionKey: `idem|${name.slice(0, 2)}`, rowKey: name }
}

const iso = (time: number) => new Date(time).toISOString()

const inProgress = (reason: string) =>
  new GatewayError('in_progress', reason, { retryAfterSeconds: IN_PROGRESS_RETRY_SECONDS })
