import type { PolicyDocument } from '../../../shared/policy/documents/document.ts'
import { parsePolicySet } from '../../../shared/policy/documents/policy-set.ts'
import { createSnapshotBuilder, rolesFirst, type Snapshot } from '../../../shared/policy/snapshot.ts'

/** Compiles documents as the store does; throws with every fault when they are not valid. */
export function snapshotOf(values: readonly unknown[], revision = 7): Snapshot {
  const parsed = parsePolicySet(values)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults, null, 2))
  return build(parsed.documents, revision)
}

function build(documents: readonly { document: PolicyDocument }[], revision: number): Snapshot {
  const builder = createSnapshotBuilder()
  for (const { document } of rolesFirst(documents)) builder.add(document)
  return builder.build({ revision, loadedAt: 0 })
}
