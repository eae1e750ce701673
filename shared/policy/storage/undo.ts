import type { Change } from '../../azure/table.ts'
import type { Revision } from './revision.ts'
import { IN_FORCE, revisionKey, type Version } from './version-row.ts'

type Published = Revision | undefined

/**
 * What brings the rows back to the published revision: an apply that was killed leaves versions newer than it and ends
 * beyond it; one that lost its claim but went on writing leaves either under a fence that is not the publisher's.
 */
export function undo(versions: readonly Version[], published: Published): Change[] {
  return versions.flatMap((version): Change[] => {
    const { partitionKey, rowKey, etag } = version.row
    if (isStray(version, published)) return [{ act: 'remove', partitionKey, rowKey, etag }]
    if (!isEndedAstray(version, published)) return []
    const { etag: _etag, endFence: _endFence, endedBy: _endedBy, ...rest } = version.row
    return [{ act: 'replace', row: { ...rest, until: IN_FORCE }, etag }]
  })
}

/** The versions as they are once that was done, for who only looks. */
export function settled(versions: readonly Version[], published: Published): Version[] {
  return versions
    .filter((version) => !isStray(version, published))
    .map((version) =>
      isEndedAstray(version, published) ? { ...version, until: IN_FORCE, endedBy: undefined } : version,
    )
}

const revisionOf = (published: Published) => published?.revision ?? 0

const isStray = ({ since, row }: Version, published: Published) =>
  since > revisionOf(published) || (since === revisionOf(published) && row['fence'] !== published?.fence)

function isEndedAstray({ until, row }: Version, published: Published): boolean {
  const key = revisionKey(revisionOf(published))
  return until !== IN_FORCE && (until > key || (until === key && row['endFence'] !== published?.fence))
}
