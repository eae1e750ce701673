import type { Change } from '../../azure/table.ts'
import type { Revision } from './revision.ts'
import { IN_FORCE, revisionKey, type Version } from './version-row.ts'

/**
 * What brings the rows back to the published revision: an apply that was killed leaves versions newer than it and ends
 * beyond it; one that lost its claim but went on writing leaves either under a fence that is not the publisher's.
 */
export function undo(versions: readonly Version[], published: Revision | undefined): Change[] {
  const revision = published?.revision ?? 0
  return versions.flatMap(({ since, until, row }): Change[] => {
    const { partitionKey, rowKey, etag } = row
    const strayVersion = since > revision || (since === revision && row['fence'] !== published?.fence)
    if (strayVersion) return [{ act: 'remove', partitionKey, rowKey, etag }]
    const ended = until !== IN_FORCE
    const strayEnd =
      until > revisionKey(revision) || (until === revisionKey(revision) && row['endFence'] !== published?.fence)
    if (!ended || !strayEnd) return []
    const { etag: _etag, endFence: _endFence, ...rest } = row
    return [{ act: 'replace', row: { ...rest, until: IN_FORCE }, etag }]
  })
}
