import { randomUUID } from 'node:crypto'
import { openJournal } from './journal.ts'
import {
  applyEvent,
  keyOf,
  type Phase,
  phaseOf,
  type Records,
  type SecretRecord,
  type VaultEvent,
  type Version,
  type VersionPatch,
} from './secret-record.ts'
import {
  alreadyExists,
  beingDeleted,
  beingRecovered,
  deletedButRecoverable,
  deletedNotFound,
  disabled,
  secretNotFound,
} from './vault-error.ts'

export type NewVersion = VersionPatch & { value: string }

export type One = { record: SecretRecord; version: Version }

/** The secrets of one vault; every method throws VaultError as the real service answers. */
export type Vault = {
  get(name: string, version?: string): One
  versions(name: string): One[]
  /** All names in order, also those that a list must skip: pages are cut before they are filtered. */
  names(): { record: SecretRecord; phase: Phase }[]
  deleted(name: string): SecretRecord
  set(name: string, secret: NewVersion): Promise<One>
  update(name: string, version: string | undefined, patch: VersionPatch): Promise<One>
  delete(name: string): Promise<SecretRecord>
  recover(name: string): Promise<SecretRecord>
  purge(name: string): Promise<void>
  restore(record: SecretRecord): Promise<SecretRecord>
  /** The whole secret, for a backup. */
  record(name: string): SecretRecord
  close(): Promise<void>
}

export type VaultDeps = {
  /** The journal's file. */
  path: string
  /** How long deleting and recovering take. */
  delayMs: number
  /** Shortest journal, in events, that is worth rewriting. */
  compactFrom?: number
  now(): number
}

/** Opens a vault from its journal. Changes run one after the other: check, durable event, state, answer. */
export async function openVault({ path, delayMs, now, compactFrom = 1_000 }: VaultDeps): Promise<Vault> {
  const records: Records = new Map()
  const journal = await openJournal<VaultEvent>(path, (event) => applyEvent(records, event))
  let last: Promise<unknown> = Promise.resolve()

  const serially = <T>(act: () => Promise<T>): Promise<T> => {
    const done = last.then(act)
    last = done.catch(() => undefined)
    return done
  }
  const commit = async (event: VaultEvent) => {
    await journal.append(event)
    applyEvent(records, event)
    if (journal.length() > compactFrom && journal.length() > 4 * versionCount(records)) {
      await journal.compact([...records.values()].map((record) => ({ op: 'put', record })))
    }
  }
  const phase = (record: SecretRecord) => phaseOf(record, now(), delayMs)

  /** The record of a secret that may be read, in the phases given. */
  const find = (name: string, phases: readonly Phase[], missing = secretNotFound): SecretRecord => {
    const record = records.get(keyOf(name))
    if (!record || !phases.includes(phase(record))) throw missing(name)
    return record
  }
  const live = (name: string) => find(name, ['live'])
  const seconds = () => Math.floor(now() / 1_000)

  return {
    get(name, id) {
      const record = live(name)
      const version = id === undefined ? record.versions.at(-1) : record.versions.find((item) => item.id === id)
      if (!version) throw secretNotFound(id === undefined ? name : `${name}/${id}`)
      if (!version.enabled) throw disabled()
      return { record, version }
    },
    versions(name) {
      const record = records.get(keyOf(name))
      if (!record || phase(record) !== 'live') return []
      return record.versions.map((version) => ({ record, version }))
    },
    names: () =>
      [...records.entries()]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([, record]) => ({ record, phase: phase(record) })),
    deleted: (name) => find(name, ['deleted'], deletedNotFound),
    record: live,
    set: (name, { value, ...rest }) =>
      serially(async () => {
        const existing = records.get(keyOf(name))
        if (existing) refuseUnlessLive(existing, phase(existing))
        const at = seconds()
        const id = randomUUID().replaceAll('-', '')
        const version: Version = { id, value, enabled: true, ...rest, created: at, updated: at }
        await commit({ op: 'set', name: existing?.name ?? name, version })
        return { record: live(name), version }
      }),
    update: (name, id, patch) =>
      serially(async () => {
        const record = live(name)
        const target = id === undefined ? record.versions.at(-1) : record.versions.find((item) => item.id === id)
        if (!target) throw secretNotFound(`${name}/${id}`)
        await commit({ op: 'update', name, id: target.id, patch: { ...patch, updated: seconds() } })
        const version = record.versions.find((item) => item.id === target.id) ?? target
        return { record, version }
      }),
    delete: (name) =>
      serially(async () => {
        const record = live(name)
        await commit({ op: 'delete', name, at: now() })
        return record
      }),
    recover: (name) =>
      serially(async () => {
        const record = records.get(keyOf(name))
        if (record && phase(record) === 'deleting') throw beingDeleted(name)
        find(name, ['deleted'], deletedNotFound)
        await commit({ op: 'recover', name, at: now() })
        return record as SecretRecord
      }),
    purge: (name) =>
      serially(async () => {
        const record = records.get(keyOf(name))
        if (record && phase(record) === 'deleting') throw beingDeleted(name)
        find(name, ['deleted'], deletedNotFound)
        await commit({ op: 'purge', name })
      }),
    restore: (record) =>
      serially(async () => {
        const existing = records.get(keyOf(record.name))
        if (existing) {
          refuseUnlessLive(existing, phase(existing))
          throw alreadyExists(record.name)
        }
        await commit({ op: 'put', record })
        return live(record.name)
      }),
    close: () => serially(() => journal.close()),
  }
}

function refuseUnlessLive({ name }: SecretRecord, phase: Phase): void {
  if (phase === 'deleting') throw beingDeleted(name)
  if (phase === 'deleted') throw deletedButRecoverable(name)
  if (phase === 'recovering') throw beingRecovered(name)
}

const versionCount = (records: Records) => [...records.values()].reduce((sum, { versions }) => sum + versions.length, 0)
