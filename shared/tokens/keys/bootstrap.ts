import type { StoredRow, Table } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import { type Lease, takeLease } from '../../lease.ts'
import type { Vault } from '../../secrets/vault.ts'
import { raiseFence, writeFenced } from './fenced-rows.ts'
import { SIGNING_ALGORITHMS, SYMMETRIC_KEYS } from './key-names.ts'
import { KEYS_PARTITION, type KeyRows, newRow, parseRows } from './key-row.ts'
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
  const lease = await takeKeysLease({ leases, now }, seen)
  if (!lease) throw unavailable('keys_being_created')
  const made: MadeKey[] = []
  try {
    await raiseFence(deps.keys, lease)
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

/** The right to write table `keys`; undefined while another instance has it. Throws StorageError. */
export const takeKeysLease = ({ leases, now }: Pick<KeyStoreDeps, 'leases' | 'now'>, { fence }: KeyRows) =>
  takeLease(leases, { name: 'keys', lifeMs: LEASE_LIFE_MS, now, minFence: fence, lost, ...STORAGE_CALL })

const lost = () => unavailable('lease_lost')

async function insertFenced({ keys, now }: KeyStoreDeps, lease: Lease, key: MadeKey): Promise<void> {
  const { fence } = lease
  const row = newRow({ ...key, secretVersion: key.version, createdAt: new Date(now()).toISOString(), fence })
  await writeFenced(keys, lease, {
    changes: [{ act: 'insert', row }],
    happened: async () => (await keys.get(KEYS_PARTITION, row.rowKey, STORAGE_CALL))?.['fence'] === fence,
  })
}

const unavailable = (reason: string) => new GatewayError('keys_unavailable', reason, { retryAfterSeconds: 2 })
