import type { Change, Table } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import type { Lease } from '../../lease.ts'
import { FENCE_ROW, fenceOf, KEYS_PARTITION } from './key-row.ts'

const STORAGE_CALL = { deadlineMs: 2_000 }

/**
 * Puts the fence of a lease into table `keys` itself, so that each later write is one transaction with it. A race that was
 * lost shows in {@link writeFenced}. Throws `keys_unavailable` when a later holder was here, StorageError.
 */
export async function raiseFence(keys: Table, { fence }: Lease): Promise<void> {
  const stored = await keys.get(KEYS_PARTITION, FENCE_ROW, STORAGE_CALL)
  if (fenceOf(stored) > fence) throw fenceRaised()
  const row = fenceRow(fence)
  await (stored ? keys.replace(row, stored.etag, STORAGE_CALL) : keys.insert(row, STORAGE_CALL))
}

export type FencedWrite = {
  changes: readonly Change[]
  /** Whether what was to be written is there: asked when the transaction says that it conflicts. */
  happened(): Promise<boolean>
}

/** Writes rows together with the fence: all of them while nobody later holds the lease, else none (`keys_unavailable`). */
export async function writeFenced(keys: Table, { fence }: Lease, { changes, happened }: FencedWrite): Promise<void> {
  const raised = await keys.get(KEYS_PARTITION, FENCE_ROW, STORAGE_CALL)
  if (!raised || fenceOf(raised) !== fence) throw fenceRaised()
  const guarded = [{ act: 'replace' as const, row: fenceRow(fence), etag: raised.etag }, ...changes]
  if ((await keys.transact(guarded, STORAGE_CALL)) === 'done') return
  // A retried transaction that had committed answers like a lost race: the rows tell.
  if (!(await happened())) throw fenceRaised()
}

const fenceRow = (fence: number) => ({ partitionKey: KEYS_PARTITION, rowKey: FENCE_ROW, fence })

const fenceRaised = () => new GatewayError('keys_unavailable', 'fence_raised', { retryAfterSeconds: 2 })
