import { randomUUID } from 'node:crypto'
import type { Change, Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import type { AuthoredDocument } from './documents/document.ts'
import { documentId } from './documents/document.ts'
import { parsePolicySet } from './documents/policy-set.ts'
import { changeRows } from './storage/change-rows.ts'
import { type Claim, takeClaim } from './storage/claim.ts'
import { listVersions } from './storage/list-versions.ts'
import { CALL_DEADLINE_MS, fulfils, type Revision, readRevision, revisionRow } from './storage/revision.ts'
import { undo } from './storage/undo.ts'
import { inForceAt, revisionKey, setHash, type Version, versionRow } from './storage/version-row.ts'

/** Tries under one claim when a retried write of our own looks like somebody else's. */
const MAX_ATTEMPTS = 3

export type ApplyDeps = {
  table: Table
  /** The whole set as authored; what is not among them is no longer in force. */
  documents: readonly unknown[]
  now: () => number
  /** `iss` of the gateway's own tokens; an issuer document must not name it. */
  forbiddenIssuer?: string
}

/** `inserted`: documents new or changed; `removed`: documents no longer in force. Nothing to do keeps the revision. */
export type Applied = { revision: number; inserted: number; removed: number }

/**
 * Makes the documents the set in force, all or nothing, whenever it is killed. Throws GatewayError `invalid_document` with
 * every fault (pointers begin with the document's position), `conflict` (`apply_in_progress`, `claim_lost`), or StorageError.
 */
export async function applyPolicies({ table, documents, now, forbiddenIssuer }: ApplyDeps): Promise<Applied> {
  const parsed = parsePolicySet(documents, { forbiddenIssuer })
  if (!parsed.ok) {
    const detail = 'the documents are not valid'
    throw new GatewayError('invalid_document', 'invalid_documents', { detail, errors: parsed.faults })
  }
  const wanted = parsed.documents
  const before = await readRevision(table)
  if (before && fulfilled(await listVersions(table), before, wanted)) return unchanged(before)
  const claim = await takeClaim(table, now, before?.fence ?? 0)
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const applied = await publish(table, wanted, claim)
      if (applied !== 'conflict') return applied
    }
    throw new GatewayError('conflict', 'rows_changed', {
      detail: 'somebody else changes the rows of the policies table',
    })
  } finally {
    await claim.release()
  }
}

async function publish(table: Table, wanted: AuthoredDocument[], claim: Claim): Promise<Applied | 'conflict'> {
  const published = await readRevision(table)
  const repairs = undo(await listVersions(table), published)
  if ((await changeRows(table, repairs, claim)) === 'conflict') return 'conflict'
  const listed = await listVersions(table)
  if (published && fulfilled(listed, published, wanted)) return unchanged(published)

  const revision = (published?.revision ?? 0) + 1
  const { inserts, ends, removed } = difference(inForceAt(listed, revision - 1), wanted, {
    revision,
    fence: claim.fence,
  })
  if ((await changeRows(table, inserts, claim)) === 'conflict') return 'conflict'
  if ((await changeRows(table, ends, claim)) === 'conflict') return 'conflict'

  const next = {
    revision,
    count: wanted.length,
    hash: setHash(wanted.map(({ text }) => text)),
    fence: claim.fence,
    lineage: published?.lineage ?? randomUUID(),
  }
  // INVARIANT: the revision moves only over rows that were read back and are exactly what it promises.
  if (!fulfils(inForceAt(await listVersions(table), revision), next)) return 'conflict'
  await claim.hold('always')
  return (await swap(table, published, next)) ? { revision, inserted: inserts.length, removed } : 'conflict'
}

/** A swap whose answer was lost may have happened: the fence in the row tells. */
async function swap(table: Table, from: Revision | undefined, to: Omit<Revision, 'etag'>): Promise<boolean> {
  const options = { deadlineMs: CALL_DEADLINE_MS }
  const write = from ? table.replace(revisionRow(to), from.etag, options) : table.insert(revisionRow(to), options)
  const outcome = await write.catch(() => 'changed' as const)
  if (outcome !== 'changed' && outcome !== 'exists') return true
  const now = await readRevision(table)
  return now?.fence === to.fence && now.revision === to.revision
}

function fulfilled(versions: readonly Version[], published: Revision, wanted: readonly AuthoredDocument[]): boolean {
  const hash = setHash(wanted.map(({ text }) => text))
  return hash === published.hash && fulfils(inForceAt(versions, published.revision), published)
}

const unchanged = ({ revision }: Revision): Applied => ({ revision, inserted: 0, removed: 0 })

function difference(current: Version[], wanted: AuthoredDocument[], at: { revision: number; fence: number }) {
  const kept = new Map(current.map((version) => [`${version.kind}/${version.id}`, version]))
  const inserts: Change[] = []
  const ends: Version[] = []
  for (const one of wanted) {
    const key = `${one.document.kind}/${documentId(one.document)}`
    const before = kept.get(key)
    kept.delete(key)
    if (before?.text === one.text) continue
    inserts.push({ act: 'insert', row: versionRow(one, at.revision, at.fence) })
    if (before) ends.push(before)
  }
  const removed = kept.size
  return { inserts, removed, ends: [...ends, ...kept.values()].map((version) => ended(version, at)) }
}

function ended({ row }: Version, { revision, fence }: { revision: number; fence: number }): Change {
  const { etag, ...rest } = row
  return { act: 'replace', row: { ...rest, until: revisionKey(revision), endFence: fence }, etag }
}
