import { openJournal } from './journal.ts'
import {
  applyEvent,
  type Phase,
  phaseOf,
  type Records,
  type SecretRecord,
  type VaultEvent,
  type Version,
} from './secret-record.ts'
import { createChanges, type VaultChanges } from './vault-changes.ts'
import { createReads, type VaultReads } from './vault-reads.ts'

/** The secrets of one vault; every method throws VaultError as the real service answers. */
export type Vault = VaultReads & VaultChanges & { close(): Promise<void> }

/** One version and the secret it belongs to. */
export type One = { record: SecretRecord; version: Version }

export type VaultDeps = {
  /** The journal's file. */
  path: string
  /** How long deleting and recovering take. */
  delayMs: number
  /** Shortest journal, in events, that is worth rewriting. */
  compactFrom?: number
  now(): number
}

/** What reads and changes share. */
export type VaultStore = {
  records: Records
  phase(record: SecretRecord): Phase
  now(): number
  /** Makes an event durable, then applies it. */
  commit(event: VaultEvent): Promise<void>
  /** Runs changes one after the other: check, durable event, state, answer. */
  serially<T>(act: () => Promise<T>): Promise<T>
}

/** Opens a vault from its journal. */
export async function openVault({ path, delayMs, now, compactFrom = 1_000 }: VaultDeps): Promise<Vault> {
  const records: Records = new Map()
  const journal = await openJournal<VaultEvent>(path, (event) => applyEvent(records, event))
  let last: Promise<unknown> = Promise.resolve()
  const store: VaultStore = {
    records,
    now,
    phase: (record) => phaseOf(record, now(), delayMs),
    async commit(event) {
      await journal.append(event)
      applyEvent(records, event)
      if (journal.length() > compactFrom && journal.length() > 4 * versionCount(records)) {
        await journal.compact([...records.values()].map((record) => ({ op: 'put', record })))
      }
    },
    serially(act) {
      const done = last.then(act)
      last = done.catch(() => undefined)
      return done
    },
  }
  const reads = createReads(store)
  return { ...reads, ...createChanges(store, reads), close: () => store.serially(() => journal.close()) }
}

const versionCount = (records: Records) => [...records.values()].reduce((sum, { versions }) => sum + versions.length, 0)
