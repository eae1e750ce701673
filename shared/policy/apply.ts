import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { SetOptions } from './documents/policy-set.ts'
import { type DocumentChange, mergeDocuments } from './plan/merge.ts'
import { parseWithOthers } from './plan/parse-with-others.ts'
import { type Current, publishSet } from './storage/publish.ts'
import { DEFAULT_MANAGER, type Member } from './storage/version-row.ts'

export type ApplyDeps = {
  table: Table
  /** All documents of the manager as authored; what it applied before and is not among them is no longer in force. */
  documents: readonly unknown[]
  now: () => number
} & SetOptions &
  ApplyOptions

export type ApplyOptions = {
  /** Whose documents these are; those of other managers are left alone. */
  manager?: string | undefined
  /** Exactly these documents, whoever manages the others. */
  exact?: boolean | undefined
  /** Overwrite what others changed since the manager's last apply. */
  force?: boolean | undefined
  /** The revision that a plan was made for: applied to that one only, and then its conflicts were seen. */
  expectRevision?: number | undefined
}

/** `inserted`: documents new or changed; `removed`: documents no longer in force. Nothing to do keeps the revision. */
export type Applied = { revision: number; inserted: number; removed: number; leftAlone: DocumentChange[] }

/**
 * Makes the documents those of their manager that are in force, all or nothing, whenever it is killed. Throws GatewayError
 * `invalid_document` with every fault (pointers as parseWithOthers gives them), `conflict` (`changed_since`,
 * `revision_moved`, `apply_in_progress`, `claim_lost`), or StorageError.
 */
export async function applyPolicies({
  table,
  documents,
  now,
  forbiddenIssuer,
  refuse,
  ...options
}: ApplyDeps): Promise<Applied> {
  const manager = options.manager ?? DEFAULT_MANAGER
  let leftAlone: DocumentChange[] = []
  const next = async (current: Current): Promise<Member[]> => {
    const { expectRevision, exact = false, force } = options
    if (expectRevision !== undefined && current.revision !== expectRevision)
      throw moved(current.revision, expectRevision)
    const parsed = await parseWithOthers(current, documents, { manager, exact, forbiddenIssuer, refuse })
    const { changes, members } = mergeDocuments(current, parsed, { manager, exact })
    const conflicts = changes.filter(({ state }) => state === 'conflict')
    if (conflicts.length > 0 && !force && expectRevision === undefined) throw changedSince(conflicts)
    leftAlone = changes.filter(({ state }) => state === 'left_alone')
    return members
  }
  const published = await publishSet({ table, now, manager, next })
  return { ...published, leftAlone }
}

const moved = (revision: number, expected: number) =>
  new GatewayError('conflict', 'revision_moved', {
    detail: `revision ${revision} is in force, not ${expected}: plan again`,
  })

function changedSince(conflicts: readonly DocumentChange[]): GatewayError {
  const errors = conflicts.map(({ kind, id, because = '' }) => ({ pointer: `/${kind}/${id}`, detail: because }))
  const detail =
    'documents were changed by others since the last apply: look at the plan, then say its revision or force'
  return new GatewayError('conflict', 'changed_since', { detail, errors })
}
