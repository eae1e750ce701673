import { systemEntry } from '../audit/system-entry.ts'
import { GatewayError } from '../errors.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import { type CarryOutDeps, refOf } from './carry-out.ts'
import { afterSuccess } from './plan.ts'
import { currentVersion, vaultOf } from './publish.ts'
import type { Run } from './run.ts'
import { dueAfter, ms } from './schedule.ts'

export type ManualRotation = RotationDocument & { rotator: 'manual' }

export type ByHandDeps = CarryOutDeps & { report: (event: string, detail: Record<string, unknown>) => void }

/** How often the vault is asked whether somebody has put a new version there. INVARIANT: no longer than the planner's longest wait. */
const LOOK_MS = 60_000

/**
 * The step `set` of a secret that a person makes new: nothing is made, a version that came after the run had begun is waited for.
 * Gives the run as it goes on: `current` with that version, or still `pending`, the owner reminded every `remindEvery` from the
 * begin on (`remindBefore` the due date). No wait of a person is a failure: the run is overdue, never stuck.
 */
export async function lookForNewVersion(deps: ByHandDeps, rotation: ManualRotation, run: Run): Promise<Run> {
  const now = deps.now()
  const current = await currentVersion(deps, refOf(rotation))
  const made = current?.created ?? 0
  if (run.memory['made'] === undefined) {
    const due = Math.min(dueAfter(rotation, current?.created ?? run.startedAt), dueWithout(rotation, run))
    const seen = {
      version: current?.version ?? '',
      made: String(made),
      count: String(await countVersions(deps, rotation)),
    }
    const memory = { ...seen, due: iso(due) }
    return reminded(deps, rotation, { ...run, memory, notBefore: now + LOOK_MS })
  }
  const { version: before = '' } = run.memory
  if (
    current &&
    current.version !== before &&
    made >= Number(run.memory['made']) &&
    (await hasMore(deps, rotation, run))
  ) {
    const detail = { rotation: rotation.name, secret: rotation.secret, run: run.id, version: current.version }
    deps.journal.follow(systemEntry(now, 'rotation.seen', detail))
    const replaced = before === '' ? {} : { replaces: before }
    return afterSuccess(rotation, { ...run, version: current.version, ...replaced }, { step: 'finish', now })
  }
  return reminded(deps, rotation, { ...run, notBefore: now + LOOK_MS })
}

/** Not one that became current because a newer one was switched off; the service tells times in seconds. */
const hasMore = async (deps: ByHandDeps, rotation: ManualRotation, { memory }: Run): Promise<boolean> =>
  (await countVersions(deps, rotation)) > Number(memory['count'])

async function countVersions(deps: ByHandDeps, rotation: ManualRotation): Promise<number> {
  const ref = refOf(rotation)
  try {
    return (await vaultOf(deps, ref).versions(ref.name)).length
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'secret_not_found') return 0
    throw error
  }
}

/** A run that somebody began before its time, or one without a schedule, is due at once. */
const dueWithout = ({ every, cron, settings }: ManualRotation, { startedAt }: Run) =>
  every === undefined && cron === undefined ? startedAt : startedAt + ms(settings.remindBefore)

function reminded({ now, journal, report }: ByHandDeps, rotation: ManualRotation, run: Run): Run {
  const at = now()
  const last = Number(run.memory['remindedAt'] ?? Number.NaN)
  const isFresh = last <= at && at - last < ms(rotation.settings.remindEvery)
  if (isFresh) return run
  const { name, secret, owner, notify } = rotation
  const { due = '' } = run.memory
  const detail = { rotation: name, secret, owner, run: run.id, due, overdue: Date.parse(due) < at }
  journal.follow(systemEntry(at, 'rotation.due', { ...detail, notify }))
  report('rotation.due', detail)
  return { ...run, memory: { ...run.memory, remindedAt: String(at) } }
}

const iso = (at: number) => new Date(at).toISOString()

/** When a person should have made the secret new; undefined for every other rotator, and when nobody is waited for. */
export function dueByHand({ rotator }: RotationDocument, run: Run | undefined): number | undefined {
  const due = Date.parse(run?.memory['due'] ?? '')
  return rotator === 'manual' && run?.state === 'pending' && Number.isFinite(due) ? due : undefined
}
