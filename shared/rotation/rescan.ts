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
 * Puts every rotation into the due index, to be looked at once: when the documents are others than those of the last time, and
 * once a day, so that no row that got lost or was written by a wrong clock lets a rotation be forgotten. INVARIANT: the row
 * that says so is written last: a crash before it only repeats the work. Throws StorageError.
 */
export function createRescan({ table, states, policy, now }: RescanDeps): () => Promise<void> {
  let known: { revision: number; documents: string } | undefined
  return async () => {
    const { revision, rotations } = policy()
    const all = [...rotations()]
    if (known?.revision !== revision) known = { revision, documents: digest(all) }
    const { documents } = known
    const row = await table.get(CONTROL, 'scan', CALL)
    const age = now() - Number(row?.['scannedAt'])
    // A negative age is a clock that was set back: what it wrote meanwhile may be due in years.
    if (row?.['documents'] === documents && age >= 0 && age < DAY_MS) return
    const at = now()
    for (let first = 0; first < all.length; first += AT_ONCE) {
      await Promise.all(all.slice(first, first + AT_ONCE).map(({ name }) => states.schedule(name, at)))
    }
    const next = { partitionKey: CONTROL, rowKey: 'scan', documents, scannedAt: at }
    // Lost to another instance that did the same: nothing to do.
    await (row ? table.replace(next, row.etag, CALL) : table.insert(next, CALL))
  }
}

const digest = (documents: readonly RotationDocument[]) =>
  hash(
    'sha256',
    documents
      .map((document) => JSON.stringify(document))
      .sort()
      .join('\n'),
    'hex',
  )
