import { randomUUID } from 'node:crypto'
import type { StoredRow, Table } from '../../azure/table.ts'
import { GatewayError } from '../../errors.ts'
import { CALL_DEADLINE_MS, CONTROL } from './revision.ts'

const APPLY = 'apply'

/** A killed apply blocks the next one for this long. Longer than any single call, so that a live one renews in time. */
export const CLAIM_SECONDS = 30

export type Claim = {
  /** Greater than that of every earlier claim. */
  fence: number
  /** Renews when a third of the time is gone, or `always`; throws `conflict` when somebody else took it. */
  hold(always?: 'always'): Promise<void>
  /** Lets the next apply begin at once. Never throws. */
  release(): Promise<void>
}

/** Claims the table for one apply by compare-and-set. Throws `conflict` / `apply_in_progress` while another holds it. */
export async function takeClaim(table: Table, now: () => number, fenceAbove: number): Promise<Claim> {
  const holder = randomUUID()
  const found = await read(table)
  if (found && Date.parse(String(found['expires'])) > now()) throw inProgress(found, now())
  const fence = Math.max(fenceAbove, Number(found?.['fence'] ?? 0)) + 1
  const row = (expires: number) => ({
    partitionKey: CONTROL,
    rowKey: APPLY,
    fence,
    holder,
    expires: new Date(expires).toISOString(),
  })
  const expiry = () => now() + CLAIM_SECONDS * 1_000
  let expires = expiry()
  const options = { deadlineMs: CALL_DEADLINE_MS }
  if (found) await table.replace(row(expires), found.etag, options)
  else await table.insert(row(expires), options)
  // A retried write that had committed reports a conflict: who holds the claim is what the row says.
  let mine = await read(table)
  if (mine?.['holder'] !== holder) throw inProgress(mine, now())

  async function renew(until: number): Promise<void> {
    const written = await table.replace(row(until), mine?.etag ?? '', options)
    if (written !== 'changed') mine = { ...row(until), etag: written.etag }
    else {
      mine = await read(table)
      if (mine?.['holder'] !== holder)
        throw new GatewayError('conflict', 'claim_lost', { detail: 'another apply took over' })
    }
    expires = until
  }
  return {
    fence,
    hold: async (always) => {
      if (always || expires - now() < CLAIM_SECONDS * 667) await renew(expiry())
    },
    release: async () => {
      await renew(now()).catch(() => {})
    },
  }
}

const read = (table: Table) => table.get(CONTROL, APPLY, { deadlineMs: CALL_DEADLINE_MS })

function inProgress(row: StoredRow | undefined, at: number): GatewayError {
  const left = Math.ceil((Date.parse(String(row?.['expires'])) - at) / 1_000)
  const retryAfterSeconds = Math.min(Math.max(left || 1, 1), CLAIM_SECONDS)
  const detail = 'another apply is running, or was killed and its claim has not expired yet'
  return new GatewayError('conflict', 'apply_in_progress', { detail, retryAfterSeconds })
}
