import type { PolicyDocument } from './documents/document.ts'
import { createSnapshotBuilder, rolesFirst, type Snapshot } from './snapshot.ts'

/** Compiles documents that were checked together, as one that is not in force; revision 0 says so. */
export function compileSet(documents: readonly { document: PolicyDocument }[], loadedAt: number): Snapshot {
  const builder = createSnapshotBuilder()
  for (const { document } of rolesFirst(documents)) builder.add(document)
  return builder.build({ revision: 0, loadedAt })
}
