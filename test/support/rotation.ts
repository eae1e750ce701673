import type { Entry } from '../../shared/audit/entry.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import { parseDocument } from '../../shared/policy/documents/document.ts'
import type { RotationDocument } from '../../shared/policy/documents/rotation.ts'
import { type DriverDeps, drive, type RotationEvent } from '../../shared/rotation/driver.ts'
import { createFamilies } from '../../shared/rotation/families.ts'
import { ownOf } from '../../shared/rotation/own-target.ts'
import { createPendingValues } from '../../shared/rotation/pending-value.ts'
import type { Rotator } from '../../shared/rotation/rotator.ts'
import { createStates } from '../../shared/rotation/states.ts'
import type { Secret } from '../../shared/secrets/secret.ts'
import type { TestRig } from './rig.ts'

/** A rotation document as the schema makes it, defaults filled in. */
export function rotationDocument(fields: Record<string, unknown>): RotationDocument {
  const parsed = parseDocument({ kind: 'rotation', owner: 'team-test', ...fields })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.document as RotationDocument
}

/** The driver on the run's servers: real tables and vaults of this file, a clock to set, entries and events to look at. */
export async function rotationDriver(local: TestRig, rotatorOf: (rotation: RotationDocument) => Rotator) {
  await local.createStorage()
  const azure = createAzure(local.config())
  const clock = { now: Date.now() }
  const entries: Entry[] = []
  const events: RotationEvent[] = []
  const pickUp = { stragglers: [] as string[], knownUntil: Number.POSITIVE_INFINITY }
  const config = local.config()
  const vaults = new Map([...config.vaults].map(([alias, url]) => [alias, azure.vault(url, alias)]))
  const gatewayVault = azure.vault(config.gatewayVault)
  const now = () => clock.now
  const table = azure.table('rotations')
  const states = createStates(table)
  const deps: DriverDeps = {
    vaults,
    secretState: azure.table('secretState'),
    hashValue: async (value: Secret) => `hash:${value.length}`,
    raise: async () => undefined,
    pending: createPendingValues(gatewayVault),
    rotatorOf,
    credential: async (name) => (await gatewayVault.get(`ext-${name}`)).value,
    journal: {
      record: async (entry) => {
        entries.push(entry)
        return { wid: '', seq: entries.length, macPrefix: '' }
      },
      follow: (entry) => void entries.push(entry),
    },
    now,
    states,
    own: async () => ownOf(config, []),
    leases: azure.table('leases'),
    families: createFamilies({ table, states, now }),
    pickUp: async () => pickUp,
    report: () => undefined,
    emit: async (event) => void events.push(event),
  }
  const signal = new AbortController().signal
  return {
    ...{ deps, clock, entries, events, pickUp, vaults, gatewayVault, states, azure },
    drive: (rotation: RotationDocument) => drive(deps, rotation, signal),
    /** Drives until the run is over or stuck, going to each next moment. */
    async driveThrough(rotation: RotationDocument) {
      for (let turns = 0; turns < 30; turns += 1) {
        const driven = await drive(deps, rotation, signal)
        const run = (await states.read(rotation.name)).run
        if (run?.endedAt !== undefined || run?.state === 'stuck') return run
        if (driven.outcome === 'waits') clock.now = Math.max(clock.now, driven.nextAt)
      }
      throw new Error('the run did not end')
    },
  }
}
