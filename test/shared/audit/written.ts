import { randomBytes } from 'node:crypto'
import { packBlock } from '../../../shared/audit/block.ts'
import { createChain } from '../../../shared/audit/chain.ts'
import type { Resumes } from '../../../shared/audit/check-writer.ts'
import type { Entry } from '../../../shared/audit/entry.ts'
import { createRatchet, keyIdOf } from '../../../shared/audit/ratchet.ts'
import type { StoredRow } from '../../../shared/azure/table.ts'
import type { Secret } from '../../../shared/secrets/secret.ts'
import { hourOf } from '../../../shared/time-keys.ts'
import { MASTER, NOW } from './fixtures.ts'

export type Writer = { wid: string; rows: StoredRow[]; head: Resumes }

type WriterSpec = { blocks: Entry[][]; resumes?: Resumes; close?: boolean; master?: Secret; wid?: string; at?: number }

/** The rows of one writer as the gateway writes them, without a gateway: block 0 opens, then `blocks`, then perhaps the close. */
export function written({
  blocks,
  resumes,
  close,
  master = MASTER,
  wid = randomBytes(16).toString('hex'),
  at = NOW,
}: WriterSpec): Writer {
  const chain = createChain(wid, createRatchet(master, wid))
  const time = new Date(at).toISOString()
  const system = (event: string, detail = {}): Entry => ({ kind: 'system', time, event, detail })
  const open = system('writer.open', { build: 'b', instance: 'i', keyId: keyIdOf(master), ...(resumes && { resumes }) })
  const all = [[open], ...blocks, ...(close ? [[system('writer.close')]] : [])]
  const rows = all.map((entries, block): StoredRow => {
    const links = entries.map((entry) => chain.append(JSON.stringify(entry)))
    return { ...packBlock({ wid, hour: hourOf(at), block }, links), etag: 'W/"1"' }
  })
  return { wid, rows, head: { wid, block: rows.length - 1, mac: macOf(rows.at(-1)) } }
}

/** MAC of a block's last entry. */
export const macOf = (row: StoredRow | undefined) => String(row?.['mac'])

/** What the verifier reads: rows in key order, as storage gives them. */
export const stream = (rows: readonly StoredRow[]) =>
  async function* () {
    yield* rows.toSorted((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
  }

const keyOf = (row: StoredRow) => `${row.partitionKey}\n${row.rowKey}`
