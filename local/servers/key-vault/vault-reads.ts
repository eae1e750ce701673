import { keyOf, type Phase, type SecretRecord, type Version } from './secret-record.ts'
import type { One, VaultStore } from './vault.ts'
import { deletedNotFound, disabled, secretNotFound } from './vault-error.ts'

export type VaultReads = {
  /** Newest version when none is named. An expired or not yet valid one is served, a disabled one is not. */
  get(name: string, version?: string): One
  /** Without a value to protect: also of a disabled version. */
  find(name: string, version?: string): One
  versions(name: string): One[]
  /** All names in order, also those that a list must skip: pages are cut before they are filtered. */
  names(): { record: SecretRecord; phase: Phase }[]
  deleted(name: string): SecretRecord
  /** The whole secret, for a backup. */
  record(name: string): SecretRecord
}

/** What the vault answers without a change. */
export function createReads({ records, phase }: VaultStore): VaultReads {
  const inPhase = (name: string, wanted: Phase): SecretRecord | undefined => {
    const record = records.get(keyOf(name))
    return record && phase(record) === wanted ? record : undefined
  }
  const live = (name: string): SecretRecord => {
    const record = inPhase(name, 'live')
    if (!record) throw secretNotFound(name)
    return record
  }
  const find = (name: string, id?: string): One => {
    const record = live(name)
    const version = versionOf(record, id)
    if (!version) throw secretNotFound(`${name}/${id}`)
    return { record, version }
  }
  return {
    find,
    record: live,
    get(name, id) {
      const one = find(name, id)
      if (!one.version.enabled) throw disabled()
      return one
    },
    versions: (name) => {
      const record = inPhase(name, 'live')
      return record ? record.versions.map((version) => ({ record, version })) : []
    },
    names: () =>
      [...records.entries()]
        .toSorted(([one], [other]) => (one < other ? -1 : 1))
        .map(([, record]) => ({ record, phase: phase(record) })),
    deleted(name) {
      const record = inPhase(name, 'deleted')
      if (!record) throw deletedNotFound(name)
      return record
    },
  }
}

const versionOf = ({ versions }: SecretRecord, id: string | undefined): Version | undefined =>
  id === undefined ? versions.at(-1) : versions.find((version) => version.id === id)
