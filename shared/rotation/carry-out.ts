import type { Journal } from '../audit/entry.ts'
import { systemEntry } from '../audit/system-entry.ts'
import { StorageError } from '../azure/table.ts'
import { type ErrorCode, GatewayError } from '../errors.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { Secret } from '../secrets/secret.ts'
import type { SecretRef } from '../secrets/secret-ref.ts'
import { type Own, ownTargetsOf } from './own-target.ts'
import type { PendingValues } from './pending-value.ts'
import { ROLLED_BACK } from './plan.ts'
import { currentVersion, type PublishDeps, publish, vaultOf, withdraw } from './publish.ts'
import { RotationFault, type Rotator, type RotatorContext } from './rotator.ts'
import type { Run, Step } from './run.ts'
import { isOfAnother } from './run-target.ts'

export type CarryOutDeps = PublishDeps & {
  pending: PendingValues
  rotatorOf: (rotation: RotationDocument) => Rotator
  credential: (name: string) => Promise<Secret>
  /** What the gateway itself stands on. */
  own: () => Promise<Own>
  journal: Pick<Journal, 'record' | 'follow'>
  now: () => number
}

export type StepOrder = {
  rotation: RotationDocument
  run: Run
  step: Step | 'undo'
  guard: () => Promise<void>
  /** Stores facts of the rotator at once. */
  remember: (facts: Readonly<Record<string, string>>) => Promise<void>
  /** Stores at once which version of the pending value is the one. */
  notePending: (version: string) => Promise<void>
  signal: AbortSignal
}

/** What the step adds to the run. */
export type StepResult = { version?: string; replaces?: string; validDays?: number }

export const refOf = ({ secret }: Pick<RotationDocument, 'secret'>): SecretRef => {
  const [vault = '', name = ''] = secret.split('/')
  return { vault, name }
}

/**
 * Does one step of one run, recorded before and after. Throws RotationFault for what the target said, GatewayError where the
 * gateway's own storage, vault or journal cannot be had: the latter is nobody's failure and is simply tried again.
 */
export async function carryOut(deps: CarryOutDeps, order: StepOrder): Promise<StepResult> {
  const { rotation, run, step } = order
  const about = { rotation: rotation.name, rotator: rotation.rotator, secret: rotation.secret, run: run.id, step }
  await deps.journal.record(systemEntry(deps.now(), 'rotation.intent', about))
  try {
    // INVARIANT: before any call: documents are checked when they are written, but not always by somebody who knows the gateway.
    const [ownTarget] = ownTargetsOf(rotation, await deps.own())
    if (ownTarget) throw new RotationFault(ownTarget.reason, { final: true })
    const { handout, ...result } = await ACTS[step](deps, order, contextOf(deps, order))
    deps.journal.follow(systemEntry(deps.now(), 'rotation.result', { ...about, outcome: 'ok', ...result, ...handout }))
    return result
  } catch (error) {
    const failure = classify(error)
    deps.journal.follow(
      systemEntry(deps.now(), 'rotation.result', { ...about, outcome: 'failed', reason: failure.reason }),
    )
    throw failure
  }
}

/** What the gateway itself lacks just now, or another instance having it, is no failure of the run: it is tried again. */
const OUTAGES: ReadonlySet<ErrorCode> = new Set([
  'storage_unavailable',
  'vault_unavailable',
  'journal_unavailable',
  'keys_unavailable',
  'policy_unavailable',
  'conflict',
])

/** Everything else counts against the run; nothing of an unknown error is kept. */
function classify(error: unknown): RotationFault | GatewayError | StorageError {
  if (error instanceof RotationFault || error instanceof StorageError) return error
  if (!(error instanceof GatewayError)) return new RotationFault('unexpected_error')
  return OUTAGES.has(error.code) ? error : new RotationFault(error.reason)
}

type Act = (
  deps: CarryOutDeps,
  order: StepOrder,
  context: RotatorContext,
) => Promise<StepResult & { handout?: Record<string, string> }>

const ACTS: Record<Step | 'undo', Act> = {
  /** The value is stored before the target hears of it: else a crash would leave a password that nobody knows. */
  async set(deps, { rotation, run, guard, notePending }, context) {
    const rotator = deps.rotatorOf(rotation)
    let pending = await deps.pending.read(run.id, run.pending)
    if (!pending) {
      const value = await rotator.create(context)
      await guard()
      pending = { value, version: await deps.pending.store(run.id, value) }
    }
    if (run.pending === undefined) await notePending(pending.version)
    await rotator.set(context, pending.value)
    const before = await currentVersion(deps, refOf(rotation))
    return { ...(before && { replaces: before.version }) }
  },
  async verify(deps, { rotation, run }, context) {
    await deps.rotatorOf(rotation).verify(context, await pendingValue(deps, run))
    return {}
  },
  async finish(deps, { rotation, run, guard }) {
    const ref = refOf(rotation)
    const value = await pendingValue(deps, run)
    const valueHash = await deps.hashValue(value)
    const credentialId = CREDENTIAL_FACTS.map((fact) => run.memory[fact]).find((id) => id !== undefined)
    const cutover = { ref, runId: run.id, value, replaces: run.replaces, guard, credentialId }
    return { ...(await publish(deps, cutover)), handout: { valueHash } }
  },
  /** INVARIANT: what is current is never ended, though it be the replaced one: somebody has switched the new version off. */
  async retire(deps, { rotation, run, guard }, context) {
    const ref = refOf(rotation)
    const { version = '', replaces } = run
    const current = await currentVersion(deps, ref)
    if (current && current.version === replaces) throw new RotationFault(ROLLED_BACK, { final: true })
    const old = replaces === undefined ? undefined : await replacedValue(deps, ref, replaces)
    await deps.rotatorOf(rotation).retire(context, old)
    await guard()
    await withdraw(deps, ref, { version, replaces })
    await deps.pending.disable(run.id)
    return {}
  },
  /** A document that says something else by now is no reason to change what it names: only the pending value goes. */
  async undo(deps, { rotation, run }, context) {
    const ref = refOf(rotation)
    const skips = isOfAnother(rotation, run)
    if (!skips) {
      if (run.version !== undefined && (await currentVersion(deps, ref))?.version === run.version)
        throw new RotationFault('published_is_current')
      await deps.rotatorOf(rotation).undo(context, (await deps.pending.read(run.id, run.pending))?.value)
      if (run.version !== undefined && run.replaces !== undefined)
        await withdraw(deps, ref, { version: run.replaces, replaces: undefined })
    }
    await deps.pending.disable(run.id)
    return { handout: { undo: skips ? 'skipped, the document was changed' : 'done' } }
  },
}

/** What rotators remember that names the new credential: a key’s id, a key, a login. */
const CREDENTIAL_FACTS = ['keyId', 'key', 'login']

async function pendingValue({ pending }: CarryOutDeps, { id, pending: version }: Run): Promise<Secret> {
  const found = await pending.read(id, version)
  if (!found) throw new RotationFault('pending_value_lost', { final: true })
  return found.value
}

/** Undefined where somebody has switched it off or purged it meanwhile: then there is nothing to look at. */
async function replacedValue(deps: CarryOutDeps, ref: SecretRef, version: string): Promise<Secret | undefined> {
  try {
    return (await vaultOf(deps, ref).get(ref.name, version)).value
  } catch (error) {
    if (error instanceof GatewayError && (error.code === 'secret_not_found' || error.code === 'secret_disabled'))
      return undefined
    throw error
  }
}

function contextOf(deps: CarryOutDeps, { rotation, run, guard, remember, signal }: StepOrder): RotatorContext {
  return {
    ...{ rotation, run, guard, remember, signal, now: deps.now },
    current: async () => (await currentVersion(deps, refOf(rotation)))?.value,
    credential: async () => {
      const name = 'credential' in rotation ? rotation.credential : undefined
      if (name === undefined) throw new RotationFault('credential_missing', { final: true })
      return deps.credential(name)
    },
  }
}
