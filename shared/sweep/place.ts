import type { StoredRow, Table } from '../azure/table.ts'

/** Where a walk stopped. */
type Place = { after?: { partitionKey: string; rowKey: string } | undefined; row?: StoredRow | undefined }

const PARTITION = 'sweep'
const CALL = { deadlineMs: 10_000 }

/** Row `sweep` / name of table `leases`. A row that says nothing usable means: from the beginning. */
export async function readPlace(leases: Table, name: string): Promise<Place> {
  const row = await leases.get(PARTITION, name, CALL)
  const [partitionKey, rowKey] = [row?.['afterPartition'], row?.['afterRow']]
  return typeof partitionKey === 'string' && typeof rowKey === 'string'
    ? { after: { partitionKey, rowKey }, row }
    : { row }
}

/** Who comes second has walked the same rows: its place is not needed. */
export async function savePlace(leases: Table, name: string, { after, row }: Place): Promise<void> {
  const next = {
    ...{ partitionKey: PARTITION, rowKey: name },
    ...(after && { afterPartition: after.partitionKey, afterRow: after.rowKey }),
  }
  await (row ? leases.replace(next, row.etag, CALL) : leases.insert(next, CALL))
}
