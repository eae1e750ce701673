import { hash } from 'node:crypto'
import { createUses } from '../audit/last-use/uses.ts'
import { StorageError, type Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { Grant } from '../gate.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import { recorded } from '../recorded.ts'
import { Secret } from '../secrets/secret.ts'
import { secretResource } from '../secrets/secret-ref.ts'
import type { Vault } from '../secrets/vault.ts'
import { orUnavailable } from '../storage-unavailable.ts'
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
      // The timer is what wakes an instance: the set may never have been read, or be from before it slept. Where it cannot be
      // had, the one that is held serves until it is too old.
      await deps.refreshPolicy().catch(() => undefined)
      const hurried = await hurry({ ...driver, receive, aliasOf, rotations: () => policy().rotations() }, signal).catch(
        (error: unknown) => {
          if (!(error instanceof StorageError)) throw error
          report('rotation.queue_unreadable', { reason: error.reason })
          return undefined
        },
      )
      return { ...hurried, ...(await rotateDue(signal)) }
    },
    /** Under a Grant for `rotation:read`; throws `not_found`, recorded. */
    read(grant: Grant, name: string): RotationDocument {
      grant.spend('rotation:read', rotationResource(name))
      try {
        return documentOf(name)
      } catch (error) {
        throw grant.failed(error)
      }
    },
    documents: () => [...policy().rotations()],
    state: (name: string) => orUnavailable('rotations', () => states.read(name)),
    run: (name: string, id: string) => orUnavailable('rotations', () => states.run(name, id)),
    /** Who must still pick up what the run published; empty before and after. */
    async stragglers(rotation: RotationDocument, run: Run): Promise<readonly string[]> {
      const { version, publishedAt } = run
      if (run.state !== 'current' || version === undefined || publishedAt === undefined) return []
      const asked = { ref: refOf(rotation), lookBackMs: ms(rotation.retire.lookBack), version, publishedAt }
      return (await orUnavailable('rotations', () => driver.pickUp(asked))).stragglers
    },
    /** Whom a rotation now would concern, and whom it would break. */
    async impact(rotation: RotationDocument): Promise<Impact> {
      const current = await currentVersion(driver, refOf(rotation))
      const known = await orUnavailable('rotations', () => uses.of(secretResource(refOf(rotation))))
      return impactOf(rotation, known, current?.version)
    },
    /**
     * Starts a run of whatever makes this secret (`<vault>/<name>`) new, because of something that happened; undefined when
     * nothing does. The same `operation` again finds its run. Throws `conflict` when it may not begin now.
     */
    async startFor({ secret, operation, by }: { secret: string; operation: string; by: string }) {
      const rotation = [...policy().rotations()].find((one) => one.secret === secret)
      if (!rotation) return undefined
      const id = idOfRun(operation)
      const begun = await states.run(rotation.name, id)
      return { rotation, run: begun ?? (await startRun(driver, rotation, { id, by })) }
    },
    /** `operation` makes the run's id: the same one again finds its run. */
    async start(grant: Grant, name: string, operation: string): Promise<Moved> {
      grant.spend('rotation:run', rotationResource(name))
      return recordedRun(grant, async () => {
        const rotation = documentOf(name)
        const id = idOfRun(operation)
        const begun = await states.run(name, id)
        return { rotation, run: begun ?? (await startRun(driver, rotation, { id, by: grant.principal.id })) }
      })
    },
    async step(
      grant: Grant,
      name: string,
      { runId, step, repeated }: { runId: string; step: Demand; repeated: boolean },
    ): Promise<Moved> {
      grant.spend(step === 'abort' ? 'rotation:abort' : 'rotation:step', rotationResource(name))
      // An earlier try of the same request may have got as far: then there is nothing left to do.
      return recordedRun(grant, async () => {
        const rotation = documentOf(name)
        const known = repeated ? await states.run(name, runId) : undefined
        if (known && isDone(known, step)) return { rotation, run: known }
        const demand = { runId, step, signal: AbortSignal.timeout(STEP_MS) }
        return { rotation, run: await demandStep(driver, rotation, demand) }
      })
    },
  }
}

const idOfRun = (operation: string) => hash('sha256', `rotation-run|${operation}`, 'hex').slice(0, 32)

/** A run after an act, and the document that it was done by. */
type Moved = { rotation: RotationDocument; run: Run }

export type Rotations = ReturnType<typeof createRotations>

const recordedRun = (grant: Grant, act: () => Promise<Moved>): Promise<Moved> =>
  recorded(
    grant,
    () => orUnavailable('rotations', act),
    ({ run }) => ({ reference: `rotation-run:${run.id}` }),
  )

const isDone = ({ state, steps }: Run, step: Demand) => {
  if (step === 'resume') return state !== 'stuck'
  return steps.some((reached) => reached.state === (step === 'abort' ? 'aborted' : STATE_AFTER[step]))
}
