import type { Table } from '../azure/table.ts'
import { StorageError } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import { type DriverDeps, drive } from './driver.ts'
import type { DueRow } from './states.ts'

export type TickDeps = DriverDeps & {
  /** Table `rotations`. */
  table: Table
  policy: () => Pick<Snapshot, 'revision' | 'rotation' | 'rotations'>
}

export type Ticked = {
  /** Rotations that were looked at, steps that were taken, rotations that another instance had. */
  due: number
  moved: number
  busy: number
  /** Rotations that could not be driven, by the reason's tag. */
  failed: Record<string, number>
  /** There was more than time. */
  more: boolean
}

/** Rows of the due index read at a time, and rotations driven at once. */
const CHUNK = 100
const AT_ONCE = 8
/** What one rotation's failure waits, so that a tick of a minute does not fill the log. */
const CALL = { deadlineMs: 5_000 }

/**
 * Drives whatever is due, oldest first, until nothing is left or `signal` says that time is up. Late, twice, on several
 * instances at once: each rotation is driven by one, what is too early waits. Costs what is due, not what there is.
 */
export async function rotateDue(deps: TickDeps, signal: AbortSignal): Promise<Ticked> {
  const done: Ticked = { due: 0, moved: 0, busy: 0, failed: {}, more: false }
  await scheduleNewDocuments(deps)
  const seen = new Set<string>()
  for (;;) {
    const rows = (await deps.states.due(deps.now(), CHUNK + seen.size)).filter(({ key }) => !seen.has(key))
    if (rows.length === 0) return done
    for (const row of rows) seen.add(row.key)
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      if (signal.aborted) return { ...done, more: true }
      await Promise.all(rows.slice(at, at + AT_ONCE).map((row) => driveRow(deps, { row, done, signal })))
    }
  }
}

type Work = { row: DueRow; done: Ticked; signal: AbortSignal }

/** One rotation's trouble is not the others'. */
async function driveRow(deps: TickDeps, { row, done, signal }: Work): Promise<void> {
  done.due += 1
  const rotation = deps.policy().rotation(row.name)
  try {
    // A document that is gone: a run that was under way stays as it is, and goes on when the document comes back.
    if (!rotation) return await deps.states.forget(row.key)
    const driven = await drive(deps, rotation, signal)
    if (driven.outcome === 'busy') done.busy += 1
    else {
      done.moved += driven.moved
      const { dueKey } = await deps.states.read(row.name)
      if (dueKey !== row.key) await deps.states.forget(row.key)
    }
  } catch (error) {
    if (!(error instanceof GatewayError) && !(error instanceof StorageError)) throw error
    done.failed[error.reason] = (done.failed[error.reason] ?? 0) + 1
    deps.report('rotation.not_driven', { rotation: row.name, reason: error.reason })
  }
}

const CONTROL = '_control'

/** A new policy revision may hold rotations that are in no index yet, or are due at other times: each is looked at once. */
async function scheduleNewDocuments({ table, policy, states, now }: TickDeps): Promise<void> {
  const { revision, rotations } = policy()
  const known = await table.get(CONTROL, 'revision', CALL)
  if (known?.['revision'] === revision) return
  const names = [...rotations()].map(({ name }) => name)
  for (let at = 0; at < names.length; at += AT_ONCE) {
    await Promise.all(names.slice(at, at + AT_ONCE).map((name) => states.schedule(name, now())))
  }
  const row = { partitionKey: CONTROL, rowKey: 'revision', revision }
  // Lost to another instance that did the same: nothing to do.
  await (known ? table.replace(row, known.etag, CALL) : table.insert(row, CALL))
}
