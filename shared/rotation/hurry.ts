import { hash } from 'node:crypto'
import { StorageError } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import { refOf } from './carry-out.ts'
import { type DriverDeps, startRun } from './driver.ts'
import type { ReceiveMessages } from './event-queue.ts'
import { type KeyVaultEvent, readKeyVaultEvent } from './key-vault-event.ts'
import { currentVersion } from './publish.ts'
import { isUnderWay } from './run.ts'
import { mayBeginFrom } from './schedule.ts'

export type HurryDeps = DriverDeps & {
  receive: ReceiveMessages
  rotations: () => Iterable<RotationDocument>
  /** Alias of the vault with this name; undefined for one that nobody is handed anything from. */
  aliasOf: (vaultName: string) => string | undefined
}

export type Hurried = { events: number; started: number; dropped: number }

/** Messages of one tick, and how often one may come back before it is given up. */
const MAX_BATCHES = 10
const MAX_DELIVERIES = 5

/**
 * Takes Key Vault's events off their queue. They only hurry things: a version that is about to expire, and is still the current
 * one, is rotated now instead of at its time; a new version is announced to every instance. Late, twice, garbled or not at all:
 * the timer's own scan is what counts. Throws StorageError when the queue cannot be had.
 */
export async function hurry(deps: HurryDeps, signal: AbortSignal): Promise<Hurried> {
  const done: Hurried = { events: 0, started: 0, dropped: 0 }
  for (let batch = 0; batch < MAX_BATCHES && !signal.aborted; batch += 1) {
    const messages = await deps.receive()
    if (messages.length === 0) break
    for (const { text, deliveries, remove } of messages) {
      const event = readKeyVaultEvent(text)
      if (!event) {
        done.dropped += 1
        // Never its text: it may be anybody's.
        deps.report('rotation.event_dropped', { reason: 'not_an_event' })
        await remove()
        continue
      }
      done.events += 1
      if (await heed(deps, event, done)) await remove()
      else if (deliveries >= MAX_DELIVERIES) {
        done.dropped += 1
        deps.report('rotation.event_dropped', { reason: 'came_too_often', vault: event.vault, secret: event.name })
        await remove()
      }
    }
  }
  return done
}

/** Whether the event is done with; not when storage, vault or journal could not be had. */
async function heed(deps: HurryDeps, event: KeyVaultEvent, done: Hurried): Promise<boolean> {
  const vault = deps.aliasOf(event.vault)
  if (vault === undefined) return true
  const ref = { vault, name: event.name }
  try {
    if (event.what === 'new_version') await deps.raise(ref.vault, ref.name)
    for (const rotation of deps.rotations()) {
      if (rotation.secret !== `${vault}/${event.name}`) continue
      if (event.what === 'new_version') await deps.states.schedule(rotation.name, deps.now())
      else if (await startFor(deps, rotation, event)) done.started += 1
    }
    return true
  } catch (error) {
    if (!(error instanceof GatewayError) && !(error instanceof StorageError)) throw error
    deps.report('rotation.event_waits', { reason: error.reason, vault: event.vault, secret: event.name })
    return false
  }
}

/** INVARIANT: only while the event's version is the current one: an event that comes again finds another, and burns no credential. */
async function startFor(deps: HurryDeps, rotation: RotationDocument, { version }: KeyVaultEvent): Promise<boolean> {
  const now = deps.now()
  if (rotation.mode !== 'auto' || mayBeginFrom(rotation, now) > now) return false
  const current = await currentVersion(deps, refOf(rotation))
  if (current?.version !== version) return false
  if (isUnderWay((await deps.states.read(rotation.name)).run)) return false
  const id = hash('sha256', `event|${rotation.name}|${version}`, 'hex').slice(0, 32)
  if (await deps.states.run(rotation.name, id)) return false
  try {
    await startRun(deps, rotation, { id, by: 'event' })
    return true
  } catch (error) {
    // Somebody else has just begun, or its family is busy: the scan looks again.
    if (error instanceof GatewayError && error.code === 'conflict') return false
    throw error
  }
}
