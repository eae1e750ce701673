import type { Row, StoredRow, Table } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import { setHash, type Version } from './version-row.ts'

/** Partition of everything in the table that is not a document. */
export const CONTROL = '_'
const REVISION = 'revision'

export const CALL_DEADLINE_MS = 10_000

/** The row that says which revision is in force and what it must consist of. */
export type Revision = {
  revision: number
  count: number
  /** As setHash gives it. */
  hash: string
  /** Claim under which it was published. */
  fence: number
  /** Made when a table gets its first set: tells a table that was made anew from one that went back in time. */
  lineage: string
  etag: string
}

/** Undefined when nothing was ever applied; throws StorageError, or GatewayError `policy_unavailable` for a row that is no revision. */
export async function readRevision(table: Table, deadlineMs = CALL_DEADLINE_MS): Promise<Revision | undefined> {
  const row = await table.get(CONTROL, REVISION, { deadlineMs })
  return row && parseRevision(row)
}

export function revisionRow({ revision, count, hash, fence, lineage }: Omit<Revision, 'etag'>): Row {
  return { partitionKey: CONTROL, rowKey: REVISION, revision, count, hash, fence, lineage }
}

/** Whether the versions are exactly what the revision promises. */
export function fulfils(versions: readonly Version[], { count, hash }: Pick<Revision, 'count' | 'hash'>): boolean {
  return versions.length === count && setHash(versions.map(({ text }) => text)) === hash
}

/** A row that somebody made by hand promises nothing. */
function parseRevision({ revision, count, hash, fence, lineage, etag }: StoredRow): Revision {
  const numbers = [revision, count, fence].every((value) => Number.isSafeInteger(value))
  if (!numbers || Number(revision) < 1 || typeof hash !== 'string' || typeof lineage !== 'string') {
    throw new GatewayError('policy_unavailable', 'revision_row_malformed')
  }
  return { revision: Number(revision), count: Number(count), fence: Number(fence), hash, lineage, etag }
}
