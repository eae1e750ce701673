import type { Table } from '../../../azure/table.ts'
import { GatewayError } from '../../../errors.ts'
import type { Lease } from '../../../lease.ts'
import type { Vault } from '../../../secrets/vault.ts'
import { writeFenced } from '../fenced-rows.ts'
import { SIGNING_SECRETS } from '../key-names.ts'
import { KEYS_PARTITION, movedRow, newRow, type SigningRow } from '../key-row.ts'
import { makeNextKey } from '../make-key.ts'
import type { RotationStep } from './plan-rotation.ts'

export type StepDeps = { keys: Table; vault: Vault; lease: Lease; rows: readonly SigningRow[]; now: number }

/** A step that was done, as the journal names it. */
export type DoneStep = RotationStep & { kid: string; version?: string; adopted?: boolean }

/**
 * Does one step. Killed between its two writes, the next run plans it again and goes on: a version without a row is
 * adopted, one that is disabled already stays so.
 */
export async function carryOut(step: RotationStep, deps: StepDeps): Promise<DoneStep> {
  if (step.act === 'prepare') return prepare(step, deps)
  if (step.act === 'activate') return activate(step, deps)
  return remove(step, deps)
}

async function prepare(step: RotationStep & { act: 'prepare' }, { keys, vault, lease, rows, now }: StepDeps) {
  const { alg } = step
  const named = new Set(rows.filter((row) => row.alg === alg).map(({ secretVersion }) => secretVersion))
  const key = await makeNextKey(vault, alg, named)
  const createdAt = new Date(now).toISOString()
  const row = newRow({ ...key, secretVersion: key.version, createdAt, fence: lease.fence, state: 'prepared' })
  await writeFenced(keys, lease, {
    changes: [{ act: 'insert', row }],
    happened: async () => (await keys.get(KEYS_PARTITION, row.rowKey))?.['fence'] === lease.fence,
  })
  return { ...step, kid: key.kid, version: key.version, adopted: key.adopted }
}

/** One transaction: there is no moment with two keys that sign, or with none. */
async function activate(step: RotationStep & { act: 'activate' }, { keys, lease, rows, now }: StepDeps) {
  const to = { since: new Date(now).toISOString(), fence: lease.fence }
  const change = (kid: string, state: 'active' | 'retiring') => {
    const row = rowOf(rows, step.alg, kid)
    return { act: 'replace' as const, row: movedRow(row, { ...to, state }), etag: row.stored.etag }
  }
  const { rowKey } = rowOf(rows, step.alg, step.kid).stored
  await writeFenced(keys, lease, {
    changes: [change(step.kid, 'active'), ...step.retire.map((kid) => change(kid, 'retiring'))],
    happened: async () => (await keys.get(KEYS_PARTITION, rowKey))?.['fence'] === lease.fence,
  })
  return step
}

/**
 * INVARIANT: disabled in the vault first, then without a row. The other way round a kill in between leaves an enabled
 * version that no row names, and that is what the next `prepare` adopts.
 */
async function remove(step: RotationStep & { act: 'remove' }, { keys, vault, lease, rows }: StepDeps) {
  const row = rowOf(rows, step.alg, step.kid)
  const { secretVersion, stored } = row
  // A row that lies must not take the version of a key that signs with it (T24).
  const isShared = rows.some((other) => other !== row && other.alg === row.alg && other.secretVersion === secretVersion)
  if (!isShared) await disable(vault, SIGNING_SECRETS[step.alg], secretVersion)
  await writeFenced(keys, lease, {
    changes: [{ act: 'remove', partitionKey: KEYS_PARTITION, rowKey: stored.rowKey, etag: stored.etag }],
    happened: async () => (await keys.get(KEYS_PARTITION, stored.rowKey)) === undefined,
  })
  return { ...step, version: secretVersion }
}

/** What is gone, or never was a version, needs no disabling. */
async function disable(vault: Vault, secret: string, version: string): Promise<void> {
  await vault.setEnabled(secret, version, false).catch((error: unknown) => {
    const isGone = error instanceof GatewayError && ['secret_not_found', 'invalid_request'].includes(error.code)
    if (!isGone) throw error
  })
}

function rowOf(rows: readonly SigningRow[], alg: string, kid: string): SigningRow {
  const row = rows.find((each) => each.alg === alg && each.kid === kid)
  if (!row) throw new GatewayError('internal', 'rotation_without_row')
  return row
}
