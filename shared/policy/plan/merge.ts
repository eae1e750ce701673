import { type AuthoredDocument, documentId } from '../documents/document.ts'
import type { Current } from '../storage/publish.ts'
import { IN_FORCE, type Member, type Version } from '../storage/version-row.ts'

/** Documents made through the API have this manager; no apply may take its name. */
export const API_MANAGER = 'api'

/**
 * What an apply does about one document. `left_alone`: somebody else's, and not among the documents. `conflict`: it would
 * undo what somebody else did since this manager last applied; `because` says what.
 */
export type DocumentChange = {
  kind: string
  id: string
  state: 'create' | 'update' | 'remove' | 'same' | 'left_alone' | 'conflict'
  /** Who wrote what stands in the table. */
  manager?: string
  because?: string
  /** Canonical texts: what stands in the table, and what would stand there. */
  before?: string
  after?: string
}

export type Merge = {
  changes: DocumentChange[]
  /** The whole set that comes out of it, conflicts decided for the documents. */
  members: Member[]
}

export type MergeOptions = {
  manager: string
  /** Exactly the documents, whoever manages the others. */
  exact?: boolean
}

/**
 * Three ways: the documents, the table, and what this manager last applied, which the versions of the table tell. Pure.
 */
export function mergeDocuments(
  current: Pick<Current, 'versions' | 'inForce'>,
  documents: readonly AuthoredDocument[],
  { manager, exact = false }: MergeOptions,
): Merge {
  const standing = new Map(current.inForce.map((version) => [keyOf(version), version]))
  const mine = exact ? new Map<string, Version>() : lastOf(current.versions, manager)
  const merge: Merge = { changes: [], members: [] }
  for (const { document, text } of documents) {
    const name = { kind: document.kind, id: documentId(document) }
    const there = standing.get(keyOf(name))
    standing.delete(keyOf(name))
    const foreign = exact ? undefined : whyForeign(there, mine.get(keyOf(name)), manager)
    const state = !there ? 'create' : there.text === text ? 'same' : 'update'
    const conflict = state !== 'same' && foreign !== undefined
    const told = { ...(there && { manager: there.manager, before: there.text }), after: text }
    merge.changes.push({
      ...name,
      state: conflict ? 'conflict' : state,
      ...told,
      ...(conflict && { because: foreign }),
    })
    merge.members.push({ ...name, text, manager: state === 'same' && there ? there.manager : manager })
  }
  for (const there of standing.values()) {
    const change = { kind: there.kind, id: there.id, manager: there.manager, before: there.text }
    if (exact || there.manager === manager) merge.changes.push({ ...change, state: 'remove' })
    else if (there.manager === API_MANAGER && mine.has(keyOf(there))) {
      merge.changes.push({
        ...change,
        state: 'conflict',
        because: 'it was changed through the API since, and would be removed',
      })
    } else {
      merge.changes.push({ ...change, state: 'left_alone' })
      merge.members.push({ ...change, text: there.text })
    }
  }
  return merge
}

/** The version of each document that a manager wrote last and did not itself take back. */
function lastOf(versions: readonly Version[], manager: string): Map<string, Version> {
  const last = new Map<string, Version>()
  for (const version of versions) {
    if (version.manager !== manager || version.since <= (last.get(keyOf(version))?.since ?? 0)) continue
    last.set(keyOf(version), version)
  }
  for (const [key, { until, endedBy }] of last) if (until !== IN_FORCE && endedBy === manager) last.delete(key)
  return last
}

/** Why what stands in the table is not what this manager left there; undefined when it is. */
function whyForeign(there: Version | undefined, mine: Version | undefined, manager: string): string | undefined {
  if (!there) return mine && `it was removed since, by ${byWhom(mine.endedBy)}`
  if (there.manager === manager) return undefined
  return mine ? `it was changed since, by ${byWhom(there.manager)}` : `it belongs to ${byWhom(there.manager)}`
}

const byWhom = (manager: string | undefined) => (manager === API_MANAGER ? 'the API' : `manager ${manager}`)

const keyOf = ({ kind, id }: { kind: string; id: string }) => `${kind}/${id}`
