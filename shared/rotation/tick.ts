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
      // A process that died may have left one more row of a rotation: it is driven once.
      const due = [...Map.groupBy(rows, ({ name }) => name)]
      for (let at = 0; at < due.length; at += AT_ONCE) {
        if (signal.aborted) return { ...done, more: true }
        const some = due.slice(at, at + AT_ONCE)
        await Promise.all(some.map(([name, own]) => driveOne(deps, { name, rows: own, done, signal })))
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

type Work = { name: string; rows: readonly DueRow[]; done: Ticked; signal: AbortSignal }

/** One rotation's trouble is not the others'. */
async function driveOne(deps: TickDeps, { name, rows, done, signal }: Work): Promise<void> {
  const rotation = deps.policy().rotation(name)
  if (!rotation) return
  done.due += 1
  try {
    const driven = await drive(deps, rotation, signal)
    if (driven.outcome === 'busy') done.busy += 1
    else {
      done.moved += driven.moved
      const { dueKey } = await deps.states.read(name)
      for (const { key } of rows) if (dueKey !== key) await deps.states.forget(key)
    }
  } catch (error) {
    const isKnown = error instanceof GatewayError || error instanceof StorageError
    const reason = isKnown ? error.reason : 'unexpected_error'
    done.failed[reason] = (done.failed[reason] ?? 0) + 1
    deps.report('rotation.not_driven', { rotation: name, reason })
  }
}
