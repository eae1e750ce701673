import { randomUUID } from 'node:crypto'
import type { Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import { type Handle, handleKey, handleRow, type Maker, readHandle, type Seal } from './handle.ts'

export type StoredHandle = { handle: Handle; maker: Maker }

/** Who redeemed it and when (milliseconds). */
export type Redemption = { by: string; at: number }

/** Every method throws GatewayError `storage_unavailable` or `keys_unavailable` when nobody can tell. */
export type HandleRows = {
  /** Gives what stands under that id afterwards: this handle, or what an earlier try of the same operation made. */
  insert(handle: Handle, maker: Maker): Promise<Handle>
  /** Undefined also for a row that was edited, which has been reported then. */
  read(id: string): Promise<StoredHandle | undefined>
  redemption(id: string): Promise<Redemption | undefined>
  /** `first` for exactly one caller, on whatever instance. */
  redeem(id: string, redemption: Redemption): Promise<'first' | 'again'>
}

export type HandleRowsDeps = {
  /** Table `handles`. */
  table: Table
  seal: () => Promise<Seal>
  /** Alarms: `handle.tampered`. */
  report(event: string, detail: Record<string, unknown>): void
}

const CALL = { deadlineMs: 2_000 }
const REDEEMED_ROW = 'redeemed'

/** Table `handles`: rows are inserted, never changed. INVARIANT: the insert of `redeemed` decides who gets the value. */
export function createHandleRows({ table, seal, report }: HandleRowsDeps): HandleRows {
  const rows: HandleRows = {
    insert: (handle, maker) =>
      orUnavailable('handles', async () => {
        if ((await table.insert(handleRow(handle, maker, await seal()), CALL)) === 'inserted') return handle
        const stored = await rows.read(handle.id)
        if (!stored) throw new GatewayError('idempotency_expired', 'made_handle_gone')
        return stored.handle
      }),
    read: (id) =>
      orUnavailable('handles', async () => {
        const row = await table.get(...handleKey(id), CALL)
        if (!row) return undefined
        const stored = readHandle(row, await seal())
        if (!stored) report('handle.tampered', { handle: id })
        return stored
      }),
    redemption: (id) =>
      orUnavailable('handles', async () => {
        const row = await table.get(id, REDEEMED_ROW, CALL)
        return row && { by: String(row['by']), at: Number(row['at']) }
      }),
    redeem: (id, { by, at }) =>
      orUnavailable('handles', async () => {
        const mine = randomUUID()
        const row = { partitionKey: id, rowKey: REDEEMED_ROW, by, at, try: mine }
        if ((await table.insert(row, CALL)) === 'inserted') return 'first'
        // A retried insert that had committed finds its own row.
        return (await table.get(id, REDEEMED_ROW, CALL))?.['try'] === mine ? 'first' : 'again'
      }),
  }
  return rows
}
