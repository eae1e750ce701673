import type { Table } from '../../azure/table.ts'
import { readVersion, type Version } from './version-row.ts'

const LIST_DEADLINE_MS = 30_000

/** Every version of every document, of kinds this build does not know too. A row that is no version is in no revision. */
export async function listVersions(table: Table): Promise<Version[]> {
  const versions: Version[] = []
  // Kinds begin with a lower-case letter; the control partition is `_`, which sorts before them.
  const rows = table.list({ partitionFrom: 'a', partitionBefore: '{' }, { deadlineMs: LIST_DEADLINE_MS })
  for await (const row of rows) {
    const version = readVersion(row)
    if (version) versions.push(version)
  }
  return versions
}
