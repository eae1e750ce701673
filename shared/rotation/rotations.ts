import { hash } from 'node:crypto'
import { createUses } from '../audit/last-use/uses.ts'
import { StorageError, type Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { Grant } from '../gate.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import { Secret } from '../secrets/secret.ts'
import { secretResource } from '../secrets/secret-ref.ts'
import type { Vault } from '../secrets/vault.ts'
import { readStoredCredential } from '../tokens/stored-credential.ts'
import { refOf } from './carry-out.ts'
import { type Demand, type DriverDeps, demandStep, startRun } from './driver.ts'
import type { ReceiveMessages } from './event-queue.ts'
import { createFamilies } from './families.ts'
import { type HurryDeps, hurry } from './hurry.ts'
import { type Impact, impactOf } from './impact.ts'
import { createPendingValues } from './pending-value.ts'
import { createPickUp } from './pick-up.ts'
import { currentVersion } from './publish.ts'
import { type Run, STATE_AFTER } from './run.ts'
import { ms } from './schedule.ts'
import { createStates } from './states.ts'
import { createRotateDue, type TickDeps } from './tick.ts'

export type RotationsDeps = Pick<
  DriverDeps,
  'vaults' | 'own' | 'secretState' | 'hashValue' | 'raise' | 'rotatorOf' | 'journal' | 'emit' | 'now'
> & {
  gatewayVault: Vault
  tables: { rotations: Table; leases: Table; lastUse: Table }
  policy: () => Pick<Snapshot, 'revision' | 'rotation' | 'rotations'>
  refreshPolicy: TickDeps['refreshPolicy']
  report: TickDeps['report']
  /** Key Vault's events. */
  receive: ReceiveMessages
  aliasOf: HurryDeps['aliasOf']
}

/** A timer's run may take four minutes (the host's own limit on Consumption plans is five). */
const TICK_MS = 240_000
/** One step by request must answer before the front end gives up. */
const STEP_MS = 60_000

export const rotationResource = (name: string) => `rotation/${name}`

/** What timers and callers can do with rotations. Acts spend the Grant that let them in. */
export function createRotations(deps: RotationsDeps) {
  const { gatewayVault, tables, policy, now, receive, aliasOf, report } = deps
  const states = createStates(tables.rotations)
  const uses = createUses(tables.lastUse)
  const driver: TickDeps = {
    ...deps,
    states,
    table: tables.rotations,
    leases: tables.leases,
    families: createFamilies({ table: tables.rotations, states, now }),
    pending: createPendingValues(gatewayVault),
    pickUp: createPickUp(tables.lastUse),
    credential: async (name) => {
      const parse = (text: string) => new Secret(text)
      return (await readStoredCredential(gatewayVault, { name, now: now() }, parse)).credential
    },
  }
  const rotateDue = createRotateDue(driver)
  const documentOf = (name: string): RotationDocument => {
    const rotation = policy().rotation(name)
    if (!rotation) throw new GatewayError('not_found', 'rotation_unknown')
    return rotation
  }
  return {
    /** Heeds Key Vault's events and does what is due, within four minutes. Without the queue the scan goes on alone. */
    async tick() {
      const signal = AbortSignal.timeout(TICK_MS)
      const hurried = await hurry({ ...driver, receive, aliasOf, rotations: () => policy().rotations() }, signal).catch(
        (error: unknown) => {
          if (!(error instanceof StorageError)) throw error
          report('rotation.queue_unreadable', { reason: error.reason })
          return undefined
        },
      )
      return { ...hurried, ...(await rotateDue(signal)) }
    },
    /** For whoever was let in; throws `not_found`, recorded. */
    document(grant: Grant, name: string): RotationDocument {
      try {
        return documentOf(name)
      } catch (error) {
        throw grant.failed(error)
      }
    },
    documents: () => [...policy().rotations()],
    state: (name: string) => orUnavailable(() => states.read(name)),
    run: (name: string, id: string) => orUnavailable(() => states.run(name, id)),
    /** Who must still pick up what the run published; empty before and after. */
    async stragglers(rotation: RotationDocument, run: Run): Promise<readonly string[]> {
      const { version, publishedAt } = run
      if (run.state !== 'current' || version === undefined || publishedAt === undefined) return []
      const asked = { ref: refOf(rotation), lookBackMs: ms(rotation.retire.lookBack), version, publishedAt }
      return (await orUnavailable(() => driver.pickUp(asked))).stragglers
    },
    /** Whom a rotation now would concern, and whom it would break. */
    async impact(rotation: RotationDocument): Promise<Impact> {
      const current = await currentVersion(driver, refOf(rotation))
      const known = await orUnavailable(() => uses.of(secretResource(refOf(rotation))))
      return impactOf(rotation, known, current?.version)
    },
    /** `operation` makes the run's id: the same one again finds its run. */
    async start(grant: Grant, name: string, operation: string): Promise<Run> {
      grant.spend('rotation:run', rotationResource(name))
      return recorded(grant, async () => {
        const id = hash('sha256', `rotation-run|${operation}`, 'hex').slice(0, 32)
        return (await states.run(name, id)) ?? startRun(driver, documentOf(name), { id, by: grant.principal.id })
      })
    },
    async step(
      grant: Grant,
      name: string,
      { runId, step, repeated }: { runId: string; step: Demand; repeated: boolean },
    ): Promise<Run> {
      grant.spend(step === 'abort' ? 'rotation:abort' : 'rotation:step', rotationResource(name))
      // An earlier try of the same request may have got as far: then there is nothing left to do.
      return recorded(grant, async () => {
        const known = repeated ? await states.run(name, runId) : undefined
        if (known && isDone(known, step)) return known
        const demand = { runId, step, signal: AbortSignal.timeout(STEP_MS) }
        return demandStep(driver, documentOf(name), demand)
      })
    },
  }
}

export type Rotations = ReturnType<typeof createRotations>

/** Storage that does not answer is a 503 to callers; the timer tells it apart. */
async function orUnavailable<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    throw new GatewayError('storage_unavailable', error.reason, { retryAfterSeconds: error.retryAfterSeconds ?? 5 })
  }
}

async function recorded(grant: Grant, act: () => Promise<Run>): Promise<Run> {
  try {
    const run = await orUnavailable(act)
    grant.succeeded({ reference: `rotation-run:${run.id}` })
    return run
  } catch (error) {
    throw grant.failed(error)
  }
}

const isDone = ({ state, steps }: Run, step: Demand) => {
  if (step === 'resume') return state !== 'stuck'
  return steps.some((reached) => reached.state === (step === 'abort' ? 'aborted' : STATE_AFTER[step]))
}
