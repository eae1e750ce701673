import type { StoredRow, Table } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import type { Vault } from '../../secrets/vault.ts'
import { SIGNING_ALGORITHMS, SYMMETRIC_KEYS } from './key-names.ts'
import { FENCE_ROW, fenceOf, KEYS_PARTITION, type KeyRows, newRow, parseRows } from './key-row.ts'
import { type Lease, takeLease } from './lease.ts'
import { type MadeKey, makeKey } from './make-key.ts'

export type KeyStoreDeps = {
  keys: Table
  leases: Table
  vault: Vault
  now: () => number
  report: (event: string, detail: Record<string, unknown>) => void
}

/** Making an RSA key and some calls take a second or two; a killed maker blocks the others no longer than this. */
const LEASE_LIFE_MS = 15_000
const STORAGE_CALL = { deadlineMs: 2_000 }
/** Four kinds, and a few generations of signing keys; more was not written by us. */
const MAX_ROWS = 64

/** Reads table `keys`. Throws StorageError. */
export async function readKeyRows({ keys, report }: Pick<KeyStoreDeps, 'keys' | 'report'>): Promise<KeyRows> {
  const stored: StoredRow[] = []
  for await (const row of keys.list({ partitionKey: KEYS_PARTITION }, STORAGE_CALL)) {
    if (stored.push(row) < MAX_ROWS) continue
    report('keys.too_many_rows', { most: MAX_ROWS })
    break
  }
  return parseRows(stored)
}

/** Which of the four keys have no row yet. */
export const missingKeys = ({ present }: KeyRows) =>
  [...SIGNING_ALGORITHMS, ...SYMMETRIC_KEYS].filter((kind) => !present.has(kind))

/**
 * Makes what table `keys` lacks, under lease `keys`: each first in the vault, then as a row. Killed between any two
 * writes, the next call goes on from there. Throws `keys_unavailable` while another instance holds the lease, StorageError,
 * and what the vault throws.
 */
export async function bootstrapKeys(deps: KeyStoreDeps, seen: KeyRows): Promise<void> {
  const { leases, now, report } = deps
  const lease = await takeLease(leases, {
    name: 'keys',
    lifeMs: LEASE_LIFE_MS,
    now,
    minFence: seen.fence,
    ...STORAGE_CALL,
  })
  if (!lease) throw unavailable('keys_being_created')
  const made: MadeKey[] = []
  try {
    await raiseFence(deps, lease)
    // INVARIANT: read after the fence was raised. What a slower holder committed before is seen; what it tries later is refused.
    for (const kind of missingKeys(await readKeyRows(deps))) {
      await lease.renew()
      const key = await makeKey(deps.vault, kind)
      await insertFenced(deps, lease, key)
      made.push(key)
    }
  } finally {
    if (made.length > 0) report('keys.created', { keys: made })
    await lease.release().catch(() => undefined)
  }
}

/** Puts our fence into table `keys` itself, so that each later row is one transaction with it. A lost race shows in {@link insertFenced}. */
async function raiseFence({ keys }: KeyStoreDeps, { fence }: Lease): Promise<void> {
  const stored = await keys.get(KEYS_PARTITION, FENCE_ROW, STORAGE_CALL)
  if (fenceOf(stored) > fence) throw unavailable('fence_raised')
  const row = fenceRow(fence)
  await (stored ? keys.replace(row, stored.etag, STORAGE_CALL) : keys.insert(row, STORAGE_CALL))
}

async function insertFenced({ keys, now }: KeyStoreDeps, { fence }: Lease, key: MadeKey): Promise<void> {
  const raised = await keys.get(KEYS_PARTITION, FENCE_ROW, STORAGE_CALL)
  if (!raised || fenceOf(raised) !== fence) throw unavailable('fence_raised')
  const row = newRow({ ...key, secretVersion: key.version, createdAt: new Date(now()).toISOString(), fence })
  const changes = [
    { act: 'replace', row: fenceRow(fence), etag: raised.etag },
    { act: 'insert', row },
  ] as const
  if ((await keys.transact(changes, STORAGE_CALL)) === 'done') return
  // A retried transaction that had committed answers like a lost race: the row tells.
  const stored = await keys.get(KEYS_PARTITION, row.rowKey, STORAGE_CALL)
  if (stored?.['fence'] !== fence) throw unavailable('fence_raised')
}

const fenceRow = (fence: number) => ({ partitionKey: KEYS_PARTITION, rowKey: FENCE_ROW, fence })

const unavailable = (reason: string) => new GatewayError('keys_unavailable', reason, { retryAfterSeconds: 2 })
