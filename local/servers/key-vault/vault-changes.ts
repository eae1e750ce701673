import { randomUUID } from 'node:crypto'
import { keyOf, type SecretRecord, type Version, type VersionPatch } from './secret-record.ts'
import type { One, VaultStore } from './vault.ts'
import { alreadyExists, beingDeleted, beingRecovered, deletedButRecoverable } from './vault-error.ts'
import type { VaultReads } from './vault-reads.ts'

export type NewVersion = VersionPatch & { value: string }

export type VaultChanges = {
  set(name: string, secret: NewVersion): Promise<One>
  /** The newest version when none is named. */
  update(name: string, version: string | undefined, patch: VersionPatch): Promise<One>
  delete(name: string): Promise<SecretRecord>
  recover(name: string): Promise<SecretRecord>
  purge(name: string): Promise<void>
  restore(record: SecretRecord): Promise<SecretRecord>
}

/** What changes a vault; each is durable when it resolves. */
export function createChanges(store: VaultStore, reads: VaultReads): VaultChanges {
  const { commit, serially, now } = store
  return {
    set: (name, secret) =>
      serially(async () => {
        refuseUnlessFree(name, store)
        const version = newVersion(secret, now())
        await commit({ op: 'set', name, version })
        return { record: reads.record(name), version }
      }),
    update: (name, id, patch) =>
      serially(async () => {
        const { version } = reads.find(name, id)
        await commit({ op: 'update', name, id: version.id, patch: { ...patch, updated: inSeconds(now()) } })
        return reads.find(name, version.id)
      }),
    delete: (name) =>
      serially(async () => {
        const record = reads.record(name)
        await commit({ op: 'delete', name, at: now() })
        return record
      }),
    recover: (name) =>
      serially(async () => {
        const record = deletedFor(name, store, reads)
        await commit({ op: 'recover', name, at: now() })
        return record
      }),
    purge: (name) =>
      serially(async () => {
        deletedFor(name, store, reads)
        await commit({ op: 'purge', name })
      }),
    restore: (record) =>
      serially(async () => {
        if (refuseUnlessFree(record.name, store)) throw alreadyExists(record.name)
        await commit({ op: 'put', record })
        return reads.record(record.name)
      }),
  }
}

/** 409 while the name is being deleted, deleted or being recovered; says whether a live secret has it. */
function refuseUnlessFree(name: string, { records, phase }: VaultStore): boolean {
  const record = records.get(keyOf(name))
  if (!record) return false
  const now = phase(record)
  if (now === 'deleting') throw beingDeleted(record.name)
  if (now === 'deleted') throw deletedButRecoverable(record.name)
  if (now === 'recovering') throw beingRecovered(record.name)
  return true
}

/** The deleted secret; 409 while it is still being deleted, 404 when there is none. */
function deletedFor(name: string, { records, phase }: VaultStore, reads: VaultReads): SecretRecord {
  const record = records.get(keyOf(name))
  if (record && phase(record) === 'deleting') throw beingDeleted(record.name)
  return reads.deleted(name)
}

function newVersion({ value, ...rest }: NewVersion, now: number): Version {
  const at = inSeconds(now)
  return { id: randomUUID().replaceAll('-', ''), value, enabled: true, ...rest, created: at, updated: at }
}

const inSeconds = (ms: number) => Math.floor(ms / 1_000)
