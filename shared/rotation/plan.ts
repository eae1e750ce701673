import type { RotationDocument } from '../policy/documents/rotation.ts'
import { isUnderWay, type RotationState, type Run, type RunState, STEP_AFTER, type Step } from './run.ts'
import { dueAfter, mayBeginFrom, ms } from './schedule.ts'

/** What the planner must know beside document and state. Times in milliseconds. */
export type Facts = {
  now: number
  /** When the version that is current was made: what a rotation that never ran counts from. */
  currentSince?: number
  /** How long that version is valid, by its tag `ValidityPeriodDays`. */
  currentValidDays?: number
  /** From when on nobody else of the family is in the way; the past when there is none. */
  familyFreeAt: number
  /** In state `current`: who read the secret within the look-back and has not read the new version (principal ids). */
  stragglers: readonly string[]
  /** Up to when the stragglers are known. */
  readsKnownUntil: number
}

export type Move =
  | { move: 'start' }
  | { move: 'step'; step: Step }
  /** Nothing to do before `until`; Infinity: not by itself. */
  | { move: 'wait'; until: number }

/** How often the pick-up of a new version is looked at: often where the deadline is near, never more than this apart. */
const PICK_UP_MAX_MS = 300_000
const PICK_UP_MIN_MS = 2_000

/** What the timer does next for one rotation; pure. A run in mode `manual` is moved by requests alone. */
export function planMove(rotation: RotationDocument, { run, lastRotatedAt }: RotationState, facts: Facts): Move {
  if (rotation.mode !== 'auto') return NEVER
  if (!isUnderWay(run)) return planStart(rotation, run, { ...facts, lastRotatedAt })
  const step = STEP_AFTER[run.state]
  if (!step) return NEVER
  const { now } = facts
  // A clock that was set back must not freeze a run: no wait that the machine sets is longer than this.
  if (run.notBefore > now && run.notBefore - now <= longestWait(rotation)) return wait(run.notBefore)
  return step === 'retire' ? planRetirement(rotation, run, facts) : { move: 'step', step }
}

/** Of a run that ended before it did anything, since another member of the family had come first. */
export const FAMILY_BUSY = 'family_busy'

const isPast = (at: number | undefined, now: number): at is number => at !== undefined && at <= now + SKEW_MS

const DAY_MS = 86_400_000
/** A version that expires is replaced when so much of its life is over, whatever the schedule says. */
const SHARE = 0.8

/** Clocks of instances differ by less. */
const SKEW_MS = 60_000

/** A run whose times lie in the future, as a clock that is right again finds it: its waits count from now. */
export function withoutFuture(run: Run, now: number): Run {
  if (run.publishedAt === undefined || isPast(run.publishedAt, now)) return run
  return { ...run, publishedAt: now }
}

type Start = Facts & { lastRotatedAt: number | undefined }

function planStart(rotation: RotationDocument, last: Run | undefined, facts: Start): Move {
  const { now, currentSince, currentValidDays, lastRotatedAt, familyFreeAt } = facts
  // What lies in the future was written by a clock that was wrong, and would put the next time off by as much.
  const byHand = rotation.rotator === 'manual'
  const isLater = byHand && (currentSince ?? 0) > (lastRotatedAt ?? 0)
  const rotatedAt = isPast(lastRotatedAt, now) && !isLater ? lastRotatedAt : currentSince
  // After an abort the next regular time counts from there: else it would begin again at once.
  const wasAborted = last?.state === 'aborted' && last.reason !== FAMILY_BUSY && isPast(last.endedAt, now)
  const from = Math.max(rotatedAt ?? now, wasAborted ? (last.endedAt ?? now) : Number.NEGATIVE_INFINITY)
  const since = Math.min(from, now)
  const validDays = (wasAborted ? undefined : last?.validDays) ?? currentValidDays
  const due = Math.min(
    dueAfter(rotation, since) - (byHand ? ms(rotation.settings.remindBefore) : 0),
    validDays === undefined ? Infinity : since + validDays * DAY_MS * SHARE,
  )
  const at = mayBeginFrom(rotation, Math.max(due, familyFreeAt, now))
  if (due <= now && at <= now && familyFreeAt <= now) return { move: 'start' }
  return wait(due > now ? mayBeginFrom(rotation, Math.max(due, familyFreeAt)) : at)
}

/** Whether the replaced credential may go now. INVARIANT: before the deadline never while somebody is known to need it, or while that is not known. */
function planRetirement(rotation: RotationDocument, run: Run, facts: Facts): Move {
  const { now, stragglers, readsKnownUntil } = facts
  const published = Math.min(run.publishedAt ?? now, now)
  const deadline = published + ms(rotation.retire.deadline)
  if (now >= deadline) return { move: 'step', step: 'retire' }
  const overlapEnds = published + ms(rotation.overlap)
  const everybodyHasIt = readsKnownUntil > published && stragglers.length === 0
  if (everybodyHasIt && now >= overlapEnds) return { move: 'step', step: 'retire' }
  if (everybodyHasIt) return wait(Math.min(overlapEnds, deadline))
  const look = Math.min(Math.max((deadline - published) / 100, PICK_UP_MIN_MS), PICK_UP_MAX_MS)
  return wait(Math.min(now + look, deadline))
}

const wait = (until: number): Move => ({ move: 'wait', until })
const NEVER = wait(Number.POSITIVE_INFINITY)

const longestWait = ({ onFailure, verify }: RotationDocument) => Math.max(ms(onFailure.cap), ms(verify.over), 60_000)

/** A run as it begins. */
export function newRun({ id, of, by, now }: { id: string; of: string; by: string; now: number }): Run {
  return {
    ...{ id, of, by, state: 'pending', startedAt: now, notBefore: now, attempts: 0, memory: {} },
    steps: [{ state: 'pending', at: now }],
    verified: { count: 0 },
  }
}

/** What a step that worked leaves; for `verify`, one login that worked. */
export function afterSuccess(rotation: RotationDocument, run: Run, { step, now }: { step: Step; now: number }): Run {
  const { reason: _reason, ...clean } = { ...run, attempts: 0, notBefore: now }
  if (step === 'verify') {
    const { successes, over } = rotation.verify
    const since = Math.min(run.verified.since ?? now, now)
    const count = run.verified.count + 1
    if (count < successes || now - since < (successes > 1 ? ms(over) : 0)) {
      const interval = ms(over) / Math.max(successes - 1, 1)
      return { ...clean, verified: { count, since }, notBefore: now + Math.min(interval, ms(over)) }
    }
    return reached({ ...clean, verified: { count, since } }, 'verified', now)
  }
  if (step === 'set') return reached(clean, 'set', now)
  if (step === 'finish') return reached({ ...clean, publishedAt: now }, 'current', now)
  return { ...reached(clean, 'retired', now), endedAt: now }
}

/** What a step that failed leaves: a later try, or a run that is stuck. `reason` is an internal tag, `waitMs` what the target asked for. */
export function afterFailure(
  rotation: RotationDocument,
  run: Run,
  { reason, now, waitMs = 0, final = false }: { reason: string; now: number; waitMs?: number; final?: boolean },
): Run {
  const { attempts: allowed, backoff, cap } = rotation.onFailure
  const attempts = run.attempts + 1
  const failed = { ...run, attempts, reason, verified: { count: 0 } }
  if (final || attempts >= allowed) return { ...reached(failed, 'stuck', now), stuckIn: run.state }
  return { ...failed, notBefore: now + Math.min(Math.max(ms(backoff) * 2 ** (attempts - 1), waitMs), ms(cap)) }
}

/** A stuck run goes on where it was, with all its tries. */
export function resumed(run: Run, now: number): Run {
  const { stuckIn, reason: _reason, ...rest } = run
  return reached({ ...rest, attempts: 0, notBefore: now }, stuckIn ?? 'pending', now)
}

/** Of a run whose new version somebody switched off, so that the replaced one is current again. */
export const ROLLED_BACK = 'replaced_is_current'

/** Before the new version is published, or when somebody has taken it back, a run can be given up as if it had not been. */
export const canAbort = ({ state, stuckIn, reason }: Run) =>
  BEFORE_PUBLISHING.has(state === 'stuck' ? (stuckIn ?? 'pending') : state) ||
  (state === 'stuck' && reason === ROLLED_BACK)

const BEFORE_PUBLISHING: ReadonlySet<RunState> = new Set(['pending', 'set', 'verified'])

export const aborted = (run: Run, now: number, reason?: string): Run => ({
  ...reached(run, 'aborted', now),
  endedAt: now,
  ...(reason && { reason }),
})

/** Names one time that the run was stuck; the same after a crash that forgot it. */
export const stuckTurn = ({ steps }: Run): number => steps.findLast(({ state }) => state !== 'stuck')?.at ?? 0

const reached = (run: Run, state: RunState, at: number): Run => ({
  ...run,
  state,
  steps: [...run.steps, { state, at }].slice(-MAX_STEPS),
})

/** Of a run that is stuck and resumed again and again, the last ones are kept. */
const MAX_STEPS = 40
