import { StorageError } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import { type DriverDeps, drive } from './driver.ts'
import { createRescan, type RescanDeps } from './rescan.ts'
import type { DueRow } from './states.ts'

export type TickDeps = DriverDeps &
  Pick<RescanDeps, 'table'> & {
    policy: () => Pick<Snapshot, 'revision' | 'rotation' | 'rotations'>
    /** Reads the set in force again; throws GatewayError. */
    refreshPolicy: () => Promise<void>
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

/**
 * Drives whatever is due, oldest first, until nothing is left or `signal` says that time is up. Late, twice, on several
 * instances at once: each rotation is driven by one, what is too early waits. Costs what is due, not what there is.
 */
export function createRotateDue(deps: TickDeps): (signal: AbortSignal) => Promise<Ticked> {
  const rescan = createRescan(deps)
  return async (signal) => {
    const done: Ticked = { due: 0, moved: 0, busy: 0, failed: {}, more: false }
    await rescan()
    // What becomes due meanwhile is the next tick's: a rotation that is due again at once must not keep this one for ever.
    const until = deps.now()
    for (let after: string | undefined; ; ) {
      const rows = await deps.states.due(until, CHUNK, after)
      after = rows.at(-1)?.key
      if (after === undefined) return done
      await forgetGone(deps, rows)
      for (let at = 0; at < rows.length; at += AT_ONCE) {
        if (signal.aborted) return { ...done, more: true }
        await Promise.all(rows.slice(at, at + AT_ONCE).map((row) => driveRow(deps, { row, done, signal })))
      }
    }
  }
}

/**
 * Rows of documents that are gone: a run that was under way stays as it is, and goes on when the document comes back.
 * INVARIANT: judged by a set that was read after the row: the set of this instance may be older than the one that had the row
 * made, and then the rotation would be forgotten.
 */
async function forgetGone({ policy, refreshPolicy, states }: TickDeps, rows: readonly DueRow[]): Promise<void> {
  if (rows.every(({ name }) => policy().rotation(name))) return
  try {
    await refreshPolicy()
  } catch {
    return
  }
  for (const { name, key } of rows) if (!policy().rotation(name)) await states.forget(key)
}

type Work = { row: DueRow; done: Ticked; signal: AbortSignal }

/** One rotation's trouble is not the others'. */
async function driveRow(deps: TickDeps, { row, done, signal }: Work): Promise<void> {
  const rotation = deps.policy().rotation(row.name)
  if (!rotation) return
  done.due += 1
  try {
    const driven = await drive(deps, rotation, signal)
    if (driven.outcome === 'busy') done.busy += 1
    else {
      done.moved += driven.moved
      const { dueKey } = await deps.states.read(row.name)
      if (dueKey !== row.key) await deps.states.forget(row.key)
    }
  } catch (error) {
    const isKnown = error instanceof GatewayError || error instanceof StorageError
    const reason = isKnown ? error.reason : 'unexpected_error'
    done.failed[reason] = (done.failed[reason] ?? 0) + 1
    deps.report('rotation.not_driven', { rotation: row.name, reason })
  }
}
