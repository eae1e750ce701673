import { randomBytes } from 'node:crypto'
import type { Table } from '../../shared/azure/table.ts'
import { GatewayError } from '../../shared/errors.ts'
import type { RotationDocument } from '../../shared/policy/documents/rotation.ts'
import { type DriverDeps, drive, type RotationEvent } from '../../shared/rotation/driver.ts'
import { createFamilies } from '../../shared/rotation/families.ts'
import { ownOf } from '../../shared/rotation/own-target.ts'
import { createPendingValues } from '../../shared/rotation/pending-value.ts'
import { RotationFault, type Rotator } from '../../shared/rotation/rotator.ts'
import { createStates } from '../../shared/rotation/states.ts'
import { Secret } from '../../shared/secrets/secret.ts'
import type { SecretProperties, Vault, VaultSecret } from '../../shared/secrets/vault.ts'
import { createMemoryTable } from './memory-table.ts'

/** What a process that dies throws at whatever it was doing; before the call, or after it had come through. */
export class Killed extends Error {}

/** Counts every call outside and kills at one of them. */
export function createCalls() {
  const calls = { count: 0, killAt: Number.POSITIVE_INFINITY, after: false, hook: async (_call: number) => {} }
  const call = async <T>(act: () => Promise<T>): Promise<T> => {
    const at = ++calls.count
    await calls.hook(at)
    // The dead stay dead: whatever the code would still try fails too.
    if (at > calls.killAt || (at === calls.killAt && !calls.after)) throw new Killed()
    const done = await act()
    if (at === calls.killAt) throw new Killed()
    return done
  }
  return Object.assign(calls, { call })
}

type Call = ReturnType<typeof createCalls>['call']

export const counted = <T extends object>(target: T, call: Call): T =>
  new Proxy(target, {
    get: (of, name) => {
      const value = Reflect.get(of, name)
      if (typeof value !== 'function' || name === 'list' || name === 'rows') return value
      return (...args: unknown[]) => call(() => value.apply(of, args))
    },
  })

/** A vault in memory, with the semantics that the cut-over rests on; for runs that die at every single call. */
export function createMemoryVault(now: () => number): Vault & { all(name: string): VaultSecret[] } {
  const held = new Map<string, VaultSecret[]>()
  const of = (name: string) => held.get(name) ?? []
  const find = (name: string, version?: string) => {
    const found = version === undefined ? of(name).at(-1) : of(name).find((one) => one.version === version)
    if (!found) throw new GatewayError('secret_not_found', 'vault_not_found')
    return found
  }
  return {
    all: of,
    async get(name, version) {
      const found = find(name, version)
      if (!found.enabled) throw new GatewayError('secret_disabled', 'vault_disabled')
      return { ...found }
    },
    async versions(name) {
      if (!held.has(name)) throw new GatewayError('secret_not_found', 'vault_not_found')
      return of(name).map(({ value: _value, ...properties }) => properties)
    },
    async *list() {},
    async set(name, { enabled = true, tags = {}, ...rest }): Promise<SecretProperties> {
      const made = { ...rest, name, enabled, tags, version: randomBytes(16).toString('hex'), created: now() }
      held.set(name, [...of(name), made])
      return made
    },
    async setEnabled(name, version, enabled) {
      const found = Object.assign(find(name, version), { enabled })
      return found
    },
  }
}

const OWN = {
  ...{ issuer: 'https://gateway.example', frontDoor: 'https://door.example', ownStorageAccounts: ['ownaccount'] },
  ...{ tableEndpoint: 'https://ownaccount.table.core.windows.net', gatewayVault: 'https://own.vault.azure.net' },
  vaults: new Map<string, string>(),
}

/** A target with two keys, as a real one: it holds what was set, lets in whoever has one of them, and forgets what is retired. */
export function createTarget(first: string) {
  const accepted = new Set([first])
  let made = 0
  const text = (value: Secret) => value.within((plain) => plain)
  const target = {
    accepted,
    faults: 0,
    made: () => made,
    rotator(call: Call): Rotator {
      return {
        create: async () => new Secret(`made-${++made}`),
        async set({ guard }, value) {
          await guard()
          await call(async () => void accepted.add(text(value)))
        },
        verify: async (_context, value) =>
          call(async () => {
            if (target.faults > 0) {
              target.faults -= 1
              throw new RotationFault('login_refused')
            }
            if (!accepted.has(text(value))) throw new RotationFault('login_refused')
          }),
        async retire({ guard }, replaced) {
          await guard()
          if (replaced) await call(async () => void accepted.delete(text(replaced)))
        },
        async undo({ guard }, value) {
          await guard()
          if (value) await call(async () => void accepted.delete(text(value)))
        },
      }
    },
  }
  return target
}

export type World = Awaited<ReturnType<typeof createWorld>>

/** Storage, vaults, a target and a clock that outlive the processes on them; `instance` is one process. */
export async function createWorld() {
  const clock = { now: Date.parse('2026-11-25T00:00:00Z') }
  const now = () => clock.now
  const tables = { rotations: createMemoryTable(), leases: createMemoryTable(), secretState: createMemoryTable() }
  const main = createMemoryVault(now)
  const gatewayVault = createMemoryVault(now)
  const target = createTarget('first')
  const events: RotationEvent[] = []
  const entries: { event?: string; detail?: Record<string, unknown> }[] = []
  const pickUp = { stragglers: [] as string[], knownUntil: Number.POSITIVE_INFINITY }
  await main.set('it', { value: new Secret('first'), tags: { owner: 'x' }, contentType: 'text/plain' })

  /** `skewMs`: how wrong the clock of this process is. */
  function instance({ calls = createCalls(), skewMs = 0, rotator }: InstanceOptions = {}) {
    const { call } = calls
    const own = () => clock.now + skewMs
    const table = counted<Table>(tables.rotations, call)
    const states = createStates(table)
    const made = rotator ?? target.rotator(call)
    const deps: DriverDeps = {
      vaults: new Map([['main', counted(main as Vault, call)]]),
      secretState: counted<Table>(tables.secretState, call),
      hashValue: async () => 'hash',
      raise: async () => call(async () => undefined),
      pending: createPendingValues(counted(gatewayVault as Vault, call)),
      rotatorOf: () => made,
      credential: async () => new Secret('none'),
      own: async () => ownOf(OWN, []),
      journal: {
        record: (entry) =>
          call(async () => {
            entries.push(entry as (typeof entries)[number])
            return { wid: '', seq: entries.length, macPrefix: '' }
          }),
        follow: (entry) => void entries.push(entry as (typeof entries)[number]),
      },
      ...{ now: own, states, leases: counted<Table>(tables.leases, call) },
      families: createFamilies({ table, states, now: own }),
      pickUp: async () => pickUp,
      report: () => undefined,
      emit: (event) => call(async () => void events.push(event)),
    }
    const signal = new AbortController().signal
    return { deps, calls, states, signal, drive: (rotation: RotationDocument) => drive(deps, rotation, signal) }
  }

  return {
    ...{ clock, tables, main, gatewayVault, target, events, entries, pickUp, instance },
    states: createStates(tables.rotations),
    /** What a caller gets now. */
    current: () => text(main.all('it').findLast(({ enabled }) => enabled)),
    /** Versions that runs have published. */
    published: () => main.all('it').filter(({ tags }) => tags['sallyport-rotation'] !== undefined),
  }
}

type InstanceOptions = { calls?: ReturnType<typeof createCalls>; skewMs?: number; rotator?: Rotator }

const text = (secret: VaultSecret | undefined) => secret?.value.within((plain) => plain)
