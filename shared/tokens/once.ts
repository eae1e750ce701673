import { hash, randomUUID } from 'node:crypto'
import type { Table } from '../azure/table.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import { hourOf } from '../time-keys.ts'

/** Something that happens once, or has happened: what it is, and until when that matters. */
export type Occurrence = {
  /** `jti`: a client assertion was used; `revoked`: a token of ours was revoked; `dpop`: a proof was used; `refused`: a stored password is wrong; `checked`: it was tried. */
  kind: 'jti' | 'revoked' | 'dpop' | 'refused' | 'checked'
  /** What tells it from every other of its kind, such as issuer and token id. Only a hash of it is stored. */
  names: readonly string[]
  /** The time whose hour it is filed under: `exp` or `iat`, milliseconds. The same each time it is asked about. */
  filedUnder: number
  /** Milliseconds: afterwards nobody asks any more, and its row may be removed. */
  expiresAt: number
}

/** Throws GatewayError `storage_unavailable` when nobody can tell. */
export type Once = {
  /** `first` for exactly one caller, on whatever instance; `again` for every other. */
  claim(occurrence: Occurrence): Promise<'first' | 'again'>
  /** Whether it was claimed; always asked in storage, so that every instance knows at once. */
  has(occurrence: Pick<Occurrence, 'kind' | 'names' | 'filedUnder'>): Promise<boolean>
}

const CALL = { deadlineMs: 2_000 }

/**
 * Table `once`: rows are inserted, never changed. INVARIANT: the insert decides, not a read before it; two requests at the
 * same moment cannot both be first.
 */
export function createOnce(table: Table): Once {
  return {
    async claim({ expiresAt, ...occurrence }) {
      const key = keyOf(occurrence)
      const by = randomUUID()
      const row = { ...key, by, expires: new Date(expiresAt).toISOString() }
      return orUnavailable('once', async () => {
        if ((await table.insert(row, CALL)) === 'inserted') return 'first'
        // A retried insert that had committed finds its own row.
        const stored = await table.get(key.partitionKey, key.rowKey, CALL)
        return stored?.['by'] === by ? 'first' : 'again'
      })
    },
    has(occurrence) {
      const { partitionKey, rowKey } = keyOf(occurrence)
      return orUnavailable('once', async () => (await table.get(partitionKey, rowKey, CALL)) !== undefined)
    },
  }
}

/** `revoked|2026112514`: what an hour holds is removed together. */
function keyOf({ kind, names, filedUnder }: Pick<Occurrence, 'kind' | 'names' | 'filedUnder'>) {
  return { partitionKey: `${kind}|${hourOf(filedUnder)}`, rowKey: hash('sha256', JSON.stringify(names), 'base64url') }
}
