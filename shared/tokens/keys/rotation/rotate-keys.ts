import { randomUUID } from 'node:crypto'
import type { Journal, SystemEntry } from '../../../audit/entry.ts'
import { systemEntry } from '../../../audit/system-entry.ts'
import { StorageError } from '../../../azure/table.ts'
import { GatewayError } from '../../../errors.ts'
import type { Lease } from '../../../lease.ts'
import { type KeyStoreDeps, readKeyRows, takeKeysLease } from '../bootstrap.ts'
import { raiseFence } from '../fenced-rows.ts'
import { SIGNING_SECRETS } from '../key-names.ts'
import type { KeyRows } from '../key-row.ts'
import type { OnPage } from '../pages/publish.ts'
import { carryOut, type DoneStep } from './carry-out.ts'
import { KEY_LIFE, planKeyRotation, type RotationStep } from './plan-rotation.ts'

export type KeyRotationDeps = KeyStoreDeps & {
  journal: Pick<Journal, 'record' | 'follow'>
  /** Storage server's clock minus ours, milliseconds; undefined when it is not known. */
  clockSkewMs: () => number | undefined
  /** What stands on the issuer's page; absent where the app itself is the issuer. */
  onPage?: Pick<OnPage, 'kids' | 'since'>
}

/** `busy`: another instance has the lease; what is due is done there, or at the next tick. */
export type KeyRotation = { outcome: 'nothing_due' | 'busy' | 'rotated'; steps: readonly DoneStep[] }

const MAX_SKEW_MS = 60_000

/**
 * Does what is due of the signing keys' lives. Any number of times, late, on several instances at once: the lease lets one
 * in, the fence keeps the others' writes out, and the rows say what is left. Throws `keys_unavailable` (nobody may tell
 * ages by a clock that is off, T28), `journal_unavailable`, `vault_unavailable`, …; the next tick goes on from there.
 */
export async function rotateKeys(deps: KeyRotationDeps): Promise<KeyRotation> {
  const seen = await orUnavailable(() => look(deps))
  if (seen.steps.length === 0) return NOTHING
  const skew = deps.clockSkewMs()
  if (skew === undefined || Math.abs(skew) > MAX_SKEW_MS) throw unavailable('rotation_clock_off')
  return orUnavailable(async () => {
    const lease = await takeKeysLease(deps, seen.rows)
    if (!lease) return { ...NOTHING, outcome: 'busy' }
    try {
      await raiseFence(deps.keys, lease)
      // INVARIANT: read after the fence was raised. What a slower holder committed before is seen; what it tries later is refused.
      const { rows, steps } = await look(deps)
      if (steps.length === 0) return NOTHING
      return { outcome: 'rotated', steps: await journaled(deps, steps, { rows, lease }) }
    } finally {
      await lease.release().catch(() => undefined)
    }
  })
}

const NOTHING: KeyRotation = { outcome: 'nothing_due', steps: [] }

async function look(deps: KeyRotationDeps): Promise<{ rows: KeyRows; steps: RotationStep[] }> {
  const rows = await readKeyRows(deps)
  const enabled = await enabledVersions(deps, rows)
  const now = deps.now()
  const rotatable = rows.signing.map((row) => ({
    ...row,
    lost: !enabled.has(row.secretVersion),
    unpublished: isUnpublished(row.kid, deps.onPage, now),
  }))
  return { rows, steps: planKeyRotation(rotatable, now) }
}

/** A page that changed for whatever reason starts the wait anew: it is minutes, and it cannot be too short. */
const isUnpublished = (kid: string, page: KeyRotationDeps['onPage'], now: number) =>
  page !== undefined && !(page.kids.has(kid) && now - page.since >= KEY_LIFE.preparedMs)

/** A version id is 128 random bits, so one set for all secrets will do. */
async function enabledVersions({ vault }: KeyRotationDeps, { signing }: KeyRows): Promise<ReadonlySet<string>> {
  const secrets = [...new Set(signing.map(({ alg }) => SIGNING_SECRETS[alg]))]
  const found = await Promise.all(secrets.map((secret) => vault.versions(secret)))
  return new Set(found.flat().flatMap(({ version, enabled }) => (enabled ? [version] : [])))
}

/** INTENT before, RESULT after; without the intent nothing is done. */
async function journaled(
  { journal, keys, vault, now, report }: KeyRotationDeps,
  steps: readonly RotationStep[],
  { rows, lease }: { rows: KeyRows; lease: Lease },
): Promise<DoneStep[]> {
  const txn = randomUUID()
  const entry = (detail: SystemEntry['detail']): SystemEntry => {
    return systemEntry(now(), 'keys.rotation', { txn, ...detail })
  }
  await journal.record(entry({ phase: 'intent', steps }))
  const done: DoneStep[] = []
  try {
    for (const step of steps) {
      await lease.renew()
      done.push(await carryOut(step, { keys, vault, lease, rows: rows.signing, now: now() }))
    }
    journal.follow(entry({ phase: 'result', outcome: 'ok', steps: done }))
    report('keys.rotated', { txn, steps: done })
    return done
  } catch (error) {
    journal.follow(entry({ phase: 'result', outcome: 'failed', reason: reasonOf(error), steps: done }))
    throw error
  }
}

async function orUnavailable<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw error instanceof StorageError ? unavailable(`rotation_storage_${error.reason}`) : error
  }
}

const reasonOf = (error: unknown) =>
  error instanceof GatewayError || error instanceof StorageError ? error.reason : 'unexpected_error'

const unavailable = (reason: string) => new GatewayError('keys_unavailable', reason, { retryAfterSeconds: 60 })
