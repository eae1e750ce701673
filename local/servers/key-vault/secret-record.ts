/** One version as it is kept; times in seconds since the epoch, as on the wire. */
export type Version = {
  /** 32 hex digits. */
  id: string
  value: string
  contentType?: string
  enabled: boolean
  nbf?: number
  exp?: number
  created: number
  updated: number
  tags?: Record<string, string>
}

/** A secret with all its versions, oldest first. Names compare case-insensitively, as in Key Vault. */
export type SecretRecord = {
  name: string
  versions: Version[]
  /** Milliseconds since the epoch. */
  deletedAt?: number
  recoveredAt?: number
}

export type VersionPatch = Partial<Pick<Version, 'contentType' | 'enabled' | 'nbf' | 'exp' | 'tags'>>

/** What the journal keeps; the state is these in order. */
export type VaultEvent =
  | { op: 'set'; name: string; version: Version }
  | { op: 'update'; name: string; id: string; patch: VersionPatch & { updated: number } }
  | { op: 'delete' | 'recover'; name: string; at: number }
  | { op: 'purge'; name: string }
  | { op: 'put'; record: SecretRecord }

export type Records = Map<string, SecretRecord>

export const keyOf = (name: string) => name.toLowerCase()

/** Deleting and recovering take a while in the real service; meanwhile both names answer 404 or 409. */
export type Phase = 'live' | 'deleting' | 'deleted' | 'recovering'

export function phaseOf(record: SecretRecord, now: number, delayMs: number): Phase {
  if (record.deletedAt !== undefined) return now < record.deletedAt + delayMs ? 'deleting' : 'deleted'
  return record.recoveredAt !== undefined && now < record.recoveredAt + delayMs ? 'recovering' : 'live'
}

/** Applies one event; the events were checked before they were written. */
export function applyEvent(records: Records, event: VaultEvent): void {
  if (event.op === 'put') {
    records.set(keyOf(event.record.name), structuredClone(event.record))
    return
  }
  const key = keyOf(event.name)
  const record = records.get(key) ?? { name: event.name, versions: [] }
  switch (event.op) {
    case 'set':
      record.versions.push({ ...event.version })
      records.set(key, record)
      break
    case 'update':
      record.versions = record.versions.map((item) => (item.id === event.id ? { ...item, ...event.patch } : item))
      break
    case 'delete':
      delete record.recoveredAt
      record.deletedAt = event.at
      break
    case 'recover':
      delete record.deletedAt
      record.recoveredAt = event.at
      break
    case 'purge':
      records.delete(key)
      break
  }
}
