import { hash } from 'node:crypto'
import type { Table } from '../azure/table.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import type { Snapshot } from '../policy/snapshot.ts'
import type { States } from './states.ts'

const CONTROL = '_control'
const CALL = { deadlineMs: 5_000 }
const DAY_MS = 86_400_000
const AT_ONCE = 8

export type RescanDeps = {
  /** Table `rotations`. */
  table: Table
  states: Pick<States, 'schedule'>
  policy: () => Pick<Snapshot, 'revision' | 'rotations'>
  now: () => number
}

/**
 * Puts rotations into the due index, to be looked at once: those whose documents are others than the last time, all of them
 * where this instance does not know the documents of the last time, and all of them once a day, so that no row that got lost or
 * was written by a wrong clock lets a rotation be forgotten. INVARIANT: the row that says so is written last: a crash before it
 * only repeats the work. Throws StorageError.
 */
export function createRescan({ table, states, policy, now }: RescanDeps): () => Promise<void> {
  let known: { revision: number; documents: string } | undefined
  let looked: { documents: string; texts: ReadonlySet<string> } | undefined
  return async () => {
    const { revision, rotations } = policy()
    const all = [...rotations()]
    if (known?.revision !== revision) known = { revision, documents: digest(all) }
    const { documents } = known
    const row = await table.get(CONTROL, 'scan', CALL)
    const age = now() - Number(row?.['scannedAt'])
    // A negative age is a clock that was set back: what it wrote meanwhile may be due in years.
    const isFresh = age >= 0 && age < DAY_MS
    if (row?.['documents'] === documents && isFresh) {
      if (looked?.documents !== documents) looked = { documents, texts: textsOf(all) }
      return
    }
    const before = isFresh && row?.['documents'] === looked?.documents ? looked?.texts : undefined
    const others = before ? all.filter((document) => !before.has(JSON.stringify(document))) : all
    const at = now()
    for (let first = 0; first < others.length; first += AT_ONCE) {
      await Promise.all(others.slice(first, first + AT_ONCE).map(({ name }) => states.schedule(name, at)))
    }
    // The time of the last look at all of them.
    const scannedAt = before ? Number(row?.['scannedAt']) : at
    const next = { partitionKey: CONTROL, rowKey: 'scan', documents, scannedAt }
    // Lost to another instance that did the same: nothing to do.
    await (row ? table.replace(next, row.etag, CALL) : table.insert(next, CALL))
    looked = { documents, texts: textsOf(all) }
  }
}

const textsOf = (documents: readonly RotationDocument[]) => new Set(documents.map((one) => JSON.stringify(one)))

const digest = (documents: readonly RotationDocument[]) =>
  hash(
    'sha256',
    documents
      .map((document) => JSON.stringify(document))
      .sort()
      .join('\n'),
    'hex',
  )
