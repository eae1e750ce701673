import type { RotationDocument } from '../policy/documents/rotation.ts'
import { dueByHand } from './by-hand.ts'
import { isUnderWay, type Run } from './run.ts'
import { dueAfter, mayBeginFrom } from './schedule.ts'
import type { StoredState } from './states.ts'

const rfc3339 = (at: number | undefined) =>
  at !== undefined && Number.isFinite(at) ? new Date(at).toISOString() : undefined

/** A run as callers see it; `stragglers` are principal ids. */
export function runView(rotation: RotationDocument, run: Run, stragglers: readonly string[]) {
  const { id, state, stuckIn, by, startedAt, endedAt, steps, attempts, version, replaces, reason } = run
  return {
    id,
    rotation: rotation.name,
    state,
    ...(stuckIn && { stuckIn }),
    startedBy: by,
    startedAt: rfc3339(startedAt),
    ...(endedAt !== undefined && { endedAt: rfc3339(endedAt) }),
    steps: steps.map(({ state, at }) => ({ state, at: rfc3339(at) })),
    ...(attempts > 0 && { failures: attempts }),
    ...(reason && { reason }),
    ...(version && { version }),
    ...(replaces && { replaces }),
    stragglers,
    ...byHandView(rotation, run),
    ...(isUnderWay(run) && state !== 'stuck' && { nextAttemptAt: rfc3339(run.notBefore) }),
  }
}

/** What a person has to do, and by when. */
function byHandView(rotation: RotationDocument, run: Run) {
  const due = dueByHand(rotation, run)
  if (due === undefined || rotation.rotator !== 'manual') return {}
  const { instructions } = rotation.settings
  return { waitsFor: 'person', dueAt: rfc3339(due), ...(instructions && { instructions }) }
}

/** A rotation and where it stands, for lists and for itself. */
export function rotationView(rotation: RotationDocument, { run, lastRotatedAt }: StoredState, now: number) {
  const { name, secret, rotator, mode, owner, family, notify } = rotation
  const due = lastRotatedAt === undefined ? undefined : mayBeginFrom(rotation, dueAfter(rotation, lastRotatedAt))
  return {
    name,
    secret,
    rotator,
    mode,
    owner,
    ...(family && { family: family.name }),
    ...(notify.length > 0 && { notify }),
    state: run ? (isUnderWay(run) ? run.state : 'idle') : 'idle',
    ...(lastRotatedAt !== undefined && { lastRotatedAt: rfc3339(lastRotatedAt) }),
    ...(due !== undefined && Number.isFinite(due) && { dueAt: rfc3339(due), overdue: due < now && !isUnderWay(run) }),
    ...((dueByHand(rotation, run) ?? now) < now && { overdue: true }),
    ...(run && { run: { id: run.id, state: run.state } }),
  }
}
