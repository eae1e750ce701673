import type { Change, Table } from '../../azure/table.ts'
import type { Claim } from './claim.ts'
import { CALL_DEADLINE_MS } from './revision.ts'

/** Limits of one entity-group transaction: 100 changes, 4 MiB at two bytes a character. */
const MAX_CHANGES = 100
const MAX_CHARACTERS = 1_000_000

/** Writes the changes partition by partition, each batch all or nothing, under the claim. `conflict`: somebody else wrote. */
export async function changeRows(table: Table, changes: readonly Change[], claim: Claim): Promise<'done' | 'conflict'> {
  for (const batch of batches(changes)) {
    await claim.hold()
    if ((await table.transact(batch, { deadlineMs: CALL_DEADLINE_MS })) === 'conflict') return 'conflict'
  }
  return 'done'
}

function batches(changes: readonly Change[]): Change[][] {
  const found: Change[][] = []
  let characters = 0
  for (const change of [...changes].sort((a, b) => (partitionOf(a) < partitionOf(b) ? -1 : 1))) {
    const batch = found.at(-1)
    const size = 'row' in change ? JSON.stringify(change.row).length : 0
    const fits = batch?.[0] && partitionOf(batch[0]) === partitionOf(change) && batch.length < MAX_CHANGES
    if (batch && fits && characters + size <= MAX_CHARACTERS) {
      batch.push(change)
      characters += size
    } else {
      found.push([change])
      characters = size
    }
  }
  return found
}

const partitionOf = (change: Change) => ('row' in change ? change.row.partitionKey : change.partitionKey)
