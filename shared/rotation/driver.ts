import { randomBytes } from 'node:crypto'
import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { SecretRef } from '../secrets/secret-ref.ts'
import { validityDays } from '../secrets/template-tags.ts'
import { lookForNewVersion } from './by-hand.ts'
import { type CarryOutDeps, carryOut, refOf } from './carry-out.ts'
import type { Families } from './families.ts'
import {
  aborted,
  afterFailure,
  afterSuccess,
  canAbort,
  FAMILY_BUSY,
  type Facts,
  newRun,
  planMove,
  resumed,
  stuckTurn,
  withoutFuture,
} from './plan.ts'
import { currentVersion } from './publish.ts'
import { RotationFault } from './rotator.ts'
import { isUnderWay, type Run, STEP_AFTER, type Step } from './run.ts'
import { isOfAnother, targetOf } from './run-target.ts'
import { ms } from './schedule.ts'
import { type Session, withRotation } from './session.ts'
import type { States, StoredState } from './states.ts'

/** Who must still pick a version up (principal ids), and up to when that is known (milliseconds). */
export type PickUp = { stragglers: readonly string[]; knownUntil: number }

export type RotationEvent = {
  type: 'secret.rotated' | 'rotation.stuck'
  /** The same id again is the same event. */
  id: string
  rotation: RotationDocument
  run: Run
}

export type DriverDeps = CarryOutDeps & {
  states: States
  leases: Table
  families: Families
  pickUp: (asked: { ref: SecretRef; version: string; publishedAt: number; lookBackMs: number }) => Promise<PickUp>
  report: (event: string, detail: Record<string, unknown>) => void
  /** Durable when it resolves. */
  emit: (event: RotationEvent) => Promise<void>
}

/** `busy`: another instance has it. `waits`: until `nextAt` (milliseconds; Infinity: until somebody asks). */
export type Driven = { outcome: 'busy' } | { outcome: 'waits'; nextAt: number; moved: number; run: Run | undefined }

/** Steps of one run that a tick takes in a row; more is a bug in a planner, and the next tick goes on. */
const MAX_MOVES = 12

/** Moves one rotation by itself as far as it goes without waiting. Throws GatewayError where storage, vault or journal cannot be had. */
export async function drive(deps: DriverDeps, rotation: RotationDocument, signal: AbortSignal): Promise<Driven> {
  const seen = clocked(await deps.states.read(rotation.name), deps.now())
  const move = planMove(rotation, seen, await factsOf(deps, rotation, seen))
  if (move.move === 'wait') {
    await deps.states.write(seen, bare(seen), move.until)
    return { outcome: 'waits', nextAt: move.until, moved: 0, run: seen.run }
  }
  const driven = await withRotation(deps, rotation.name, (session) => advance(deps, rotation, { session, signal }))
  return driven ?? { outcome: 'busy' }
}

type Turn = { session: Session; signal: AbortSignal }

async function advance(deps: DriverDeps, rotation: RotationDocument, turn: Turn): Promise<Driven> {
  const { session, signal } = turn
  for (let moved = 0; ; moved += 1) {
    const state = clocked(session.state(), deps.now())
    const move = planMove(rotation, state, await factsOf(deps, rotation, state))
    if (move.move === 'wait') {
      await session.save(state.run, move.until)
      return { outcome: 'waits', nextAt: move.until, moved, run: state.run }
    }
    if (signal.aborted || moved >= MAX_MOVES) return { outcome: 'waits', nextAt: deps.now(), moved, run: state.run }
    if (move.move === 'step') await takeStep(deps, rotation, { ...turn, step: move.step })
    else if (await deps.families.claim(rotation))
      await begin(deps, session, { id: newRunId(), of: targetOf(rotation), by: 'schedule' })
  }
}

const newRunId = () => randomBytes(16).toString('hex')

type Beginning = { id: string; of: string; by: string }

async function begin({ now }: DriverDeps, session: Session, who: Beginning): Promise<Run> {
  const run = newRun({ ...who, now: now() })
  await session.save(run, now())
  return run
}

/** One step, and what came of it stored. What the target says is the run's failure; what the gateway itself lacks is nobody's. */
async function takeStep(
  deps: DriverDeps,
  rotation: RotationDocument,
  { session, signal, step }: Turn & { step: Step },
) {
  const { now } = deps
  const before = clocked(session.state(), now()).run
  if (!before) throw new GatewayError('internal', 'step_without_run')
  if (isOfAnother(rotation, before)) {
    const failure = { reason: 'document_changed', final: true, now: now() }
    return settle(deps, rotation, session, afterFailure(rotation, before, failure))
  }
  if (step === 'set' && !(await deps.families.confirm(rotation, before.id))) {
    await session.save(aborted(before, now(), FAMILY_BUSY), now())
    return
  }
  if (step === 'set' && rotation.rotator === 'manual') {
    return settle(deps, rotation, session, await lookForNewVersion(deps, rotation, before))
  }
  try {
    const result = await carryOut(deps, { rotation, run: before, step, signal, ...notes(session, before, now) })
    const run = { ...(session.state().run ?? before), ...result }
    await settle(deps, rotation, session, afterSuccess(rotation, run, { step, now: now() }))
  } catch (error) {
    if (!(error instanceof RotationFault)) throw error
    const run = session.state().run ?? before
    const { reason, final, retryAfterSeconds } = error
    const failure = { reason, final, now: now(), waitMs: retryAfterSeconds * 1_000 }
    await settle(deps, rotation, session, afterFailure(rotation, run, failure))
  }
}

/** What a step stores while it goes on. */
function notes({ guard, state, save }: Session, before: Run, now: () => number) {
  const note = (change: (run: Run) => Partial<Run>) => {
    const run = state().run ?? before
    return save({ ...run, ...change(run) }, now())
  }
  return {
    guard,
    remember: (facts: Readonly<Record<string, string>>) => note(({ memory }) => ({ memory: { ...memory, ...facts } })),
    notePending: (pending: string) => note(() => ({ pending })),
  }
}

/** The event first: told twice is told once (its id is the same), not told would be forgotten. */
async function settle(deps: DriverDeps, rotation: RotationDocument, session: Session, run: Run): Promise<void> {
  const before = session.state().run
  if (run.state !== before?.state) {
    if (run.state === 'current') await deps.emit({ type: 'secret.rotated', id: `${run.id}-rotated`, rotation, run })
    if (run.state === 'stuck')
      await deps.emit({ type: 'rotation.stuck', id: `${run.id}-stuck-${stuckTurn(run)}`, rotation, run })
    const { id, state, reason } = run
    deps.report('rotation.moved', { rotation: rotation.name, run: id, state, ...(reason && { reason }) })
  }
  await session.save(run, isUnderWay(run) && STEP_AFTER[run.state] ? run.notBefore : deps.now())
}

/** Begins a run because somebody asks for it, at once and in any mode but `paused`. Throws `conflict` when it may not begin. */
export async function startRun(
  deps: DriverDeps,
  rotation: RotationDocument,
  who: { id: string; by: string },
): Promise<Run> {
  if (rotation.mode === 'paused') throw conflict('rotation_paused', 'the rotation is paused')
  const run = await withRotation(deps, rotation.name, async (session) => {
    if (isUnderWay(session.state().run)) throw conflict('run_under_way', 'a run is under way')
    if (!(await deps.families.claim(rotation)))
      throw conflict('family_busy', 'another rotation of its family ran too recently')
    return begin(deps, session, { ...who, of: targetOf(rotation) })
  })
  return run ?? busy()
}

export type Demand = Step | 'resume' | 'abort'

/** Does one step because somebody asks for it, whatever the timer would say; `runId` must be the run under way. Throws `conflict`. */
export async function demandStep(
  deps: DriverDeps,
  rotation: RotationDocument,
  { runId, step, signal }: { runId: string; step: Demand; signal: AbortSignal },
): Promise<Run> {
  const run = await withRotation(deps, rotation.name, async (session) => {
    const { run } = session.state()
    if (run?.id !== runId || !isUnderWay(run)) throw conflict('run_is_over', 'this run is not under way')
    if (step === 'resume') {
      if (run.state !== 'stuck') throw conflict('run_not_stuck', 'only a stuck run can be resumed')
      await session.save(resumed(run, deps.now()), deps.now())
    } else if (step === 'abort') {
      if (!canAbort(run))
        throw conflict('run_published', 'the new version is published: a run can only be finished now')
      await undo(deps, rotation, { session, signal })
    } else {
      if (rotation.mode === 'paused') throw conflict('rotation_paused', 'the rotation is paused')
      if (STEP_AFTER[run.state] !== step) throw conflict('step_out_of_order', `the run is in state ${run.state}`)
      await takeStep(deps, rotation, { session, signal, step })
    }
    return session.state().run
  })
  return run ?? busy()
}

/** Throws `upstream_refused` when the target does not take it back; the run stays as it is. */
async function undo(deps: DriverDeps, rotation: RotationDocument, { session, signal }: Turn): Promise<void> {
  const { run } = session.state()
  if (!run) throw new GatewayError('internal', 'step_without_run')
  try {
    await carryOut(deps, { rotation, run, step: 'undo', signal, ...notes(session, run, deps.now) })
  } catch (error) {
    throw error instanceof RotationFault ? new GatewayError('upstream_refused', error.reason) : error
  }
  await session.save(aborted(session.state().run ?? run, deps.now()), deps.now())
}

const clocked = (state: StoredState, now: number): StoredState =>
  state.run ? { ...state, run: withoutFuture(state.run, now) } : state

async function factsOf(
  deps: DriverDeps,
  rotation: RotationDocument,
  { run, lastRotatedAt }: StoredState,
): Promise<Facts> {
  const facts = { now: deps.now(), familyFreeAt: Number.NEGATIVE_INFINITY, stragglers: [], readsKnownUntil: 0 }
  // What moves by request alone needs no look at the vault.
  if (rotation.mode !== 'auto') return facts
  if (!isUnderWay(run)) {
    // A person may have made the secret new without a run.
    const isKnown = rotation.rotator !== 'manual' && lastRotatedAt !== undefined && lastRotatedAt <= facts.now
    const current = isKnown ? undefined : await currentVersion(deps, refOf(rotation))
    const validDays = current && validityDays(current.tags)
    return {
      ...facts,
      familyFreeAt: await deps.families.freeAt(rotation),
      ...(current?.created !== undefined && { currentSince: current.created }),
      ...(validDays !== undefined && { currentValidDays: validDays }),
    }
  }
  const { version, publishedAt } = run
  if (run.state !== 'current' || version === undefined || publishedAt === undefined) return facts
  const asked = { ref: refOf(rotation), version, publishedAt, lookBackMs: ms(rotation.retire.lookBack) }
  const { stragglers, knownUntil } = await deps.pickUp(asked)
  return { ...facts, stragglers, readsKnownUntil: knownUntil }
}

const bare = ({ etag: _etag, dueKey: _dueKey, ...state }: StoredState) => state

const conflict = (reason: string, detail: string) => new GatewayError('conflict', reason, { detail })

const busy = (): never => {
  throw new GatewayError('conflict', 'rotation_busy', {
    detail: 'another instance drives this rotation',
    retryAfterSeconds: 5,
  })
}
