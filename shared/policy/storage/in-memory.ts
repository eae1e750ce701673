import { type AuthoredDocument, documentId } from '../documents/document.ts'
import type { Current } from './publish.ts'
import { readVersion, type Version, versionRow } from './version-row.ts'

/** Documents as if this manager had applied them, and nothing before. */
export function inMemory(documents: readonly AuthoredDocument[], manager: string): Omit<Current, 'published'> {
  const versions = documents.flatMap(({ document, text }): Version[] => {
    const member = { kind: document.kind, id: documentId(document), text, manager }
    const version = readVersion({ ...versionRow(member, 1, 1), etag: '' })
    return version ? [version] : []
  })
  return { revision: 0, versions, inForce: versions }
}
