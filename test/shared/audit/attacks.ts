import { createRatchet } from '../../../shared/audit/ratchet.ts'
import type { StoredRow } from '../../../shared/azure/table.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { denial, intent, MASTER, NOW, result } from './fixtures.ts'
import { type Writer, written } from './written.ts'

const act = (txn: string) => [intent(txn), result(txn)]

/** Two writers, the second closed. */
export const sample = () => {
  const one = written({ blocks: [act('a'), act('b'), [intent('c')], [result('c')], act('d')], wid: '1'.repeat(32) })
  const other = written({ blocks: [act('e'), [denial('f')]], wid: '2'.repeat(32), close: true })
  return { one, other, rows: [...one.rows, ...other.rows] }
}

/** The row of a block, which the test may edit as an attacker with the account's key could. */
export function block({ rows }: Writer, number: number): Record<string, unknown> {
  const row = rows[number]
  if (!row) throw new Error(`no block ${number}`)
  return row
}

const linesOf = (row: Record<string, unknown>) => String(row['lines00']).split('\n')
const macsOf = (row: Record<string, unknown>) => String(row['macs00']).match(/.{43}/g) ?? []

/** Rewrites a block consistently: an attacker mends every column that is no secret. */
function rewrite(row: Record<string, unknown>, lines: string[], macs: string[]): void {
  const first = (JSON.parse(lines[0] ?? '{}') as { seq: number }).seq
  Object.assign(row, { lines00: lines.join('\n'), macs00: macs.join(''), count: lines.length, mac: macs.at(-1), first })
}

type Attack = [what: string, attack: (journal: ReturnType<typeof sample>) => StoredRow[] | undefined, wrong: object]

/** What is done to the table, and the finding it must give at least. */
export const ATTACKS: Attack[] = [
  [
    'modify an entry',
    ({ one }) => {
      const row = block(one, 2)
      row['lines00'] = String(row['lines00']).replace('stripe-api-key', 'stripe-api-kez')
    },
    { code: 'mac_wrong', writer: '1'.repeat(32), block: 2, entry: 3 },
  ],
  [
    'spell a line another way that parses equal',
    ({ one }) => {
      const row = block(one, 2)
      row['lines00'] = String(row['lines00']).replace('"kind":', '"kind": ')
    },
    { code: 'mac_wrong', block: 2, entry: 3 },
  ],
  [
    'modify a MAC',
    ({ one }) => {
      const row = block(one, 1)
      const macs = macsOf(row)
      rewrite(row, linesOf(row), [`${macs[0]?.startsWith('A') ? 'B' : 'A'}${macs[0]?.slice(1)}`, macs[1] ?? ''])
    },
    { code: 'mac_wrong', block: 1, entry: 1 },
  ],
  [
    'spell a MAC another way',
    ({ one }) => {
      const row = block(one, 5)
      const [first, last = ''] = macsOf(row)
      // 43 characters carry two bits more than 32 bytes: their other values decode to the same MAC.
      const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const twin = alphabet[alphabet.indexOf(last.slice(-1)) ^ 1]
      rewrite(row, linesOf(row), [first ?? '', `${last.slice(0, -1)}${twin}`])
    },
    { code: 'mac_wrong', block: 5, entry: 8 },
  ],
  [
    'delete a block in the middle',
    ({ one, other }) => [...one.rows.filter((_, at) => at !== 3), ...other.rows],
    { code: 'blocks_missing', block: 3 },
  ],
  [
    'delete an entry in the middle of a block',
    ({ one }) => {
      const row = block(one, 1)
      rewrite(row, linesOf(row).slice(1), macsOf(row).slice(1))
    },
    { code: 'entries_missing', block: 1, entry: 1 },
  ],
  [
    'delete the last entry of a block that is not the last',
    ({ one }) => {
      const row = block(one, 1)
      rewrite(row, linesOf(row).slice(0, 1), macsOf(row).slice(0, 1))
    },
    { code: 'entries_missing', block: 2, entry: 2 },
  ],
  [
    'swap two blocks',
    ({ one }) => {
      const [three, four] = [block(one, 3), block(one, 4)]
      const swapped = { ...three }
      Object.assign(three, four, { rowKey: three['rowKey'] })
      Object.assign(four, swapped, { rowKey: four['rowKey'] })
    },
    { code: 'entries_missing', block: 3, entry: 5 },
  ],
  [
    'swap two entries',
    ({ one }) => {
      const row = block(one, 1)
      rewrite(row, linesOf(row).reverse(), macsOf(row).reverse())
    },
    { code: 'entry_repeated', block: 1, entry: 1 },
  ],
  [
    'swap two bodies under their numbers',
    ({ one }) => {
      const row = block(one, 1)
      const [a = '', b = ''] = linesOf(row)
      rewrite(row, [b.replace('"seq":2', '"seq":1'), a.replace('"seq":1', '"seq":2')], macsOf(row))
    },
    { code: 'mac_wrong', block: 1, entry: 1 },
  ],
  [
    'forge an entry at the end without a key',
    ({ one }) => {
      const forged = { ...block(one, 5), rowKey: '000000000006' }
      rewrite(forged, [JSON.stringify({ seq: 9, ...intent('forged') })], ['A'.repeat(43)])
      one.rows.push(forged as unknown as StoredRow)
      return [...one.rows]
    },
    { code: 'mac_wrong', block: 6, entry: 9 },
  ],
  [
    'rewrite an earlier entry and everything after it with the current key',
    ({ one }) => {
      const ratchet = createRatchet(MASTER, one.wid)
      for (let seq = 0; seq < 9; seq++) ratchet.advance()
      const row = block(one, 3)
      const [line = ''] = linesOf(row)
      const body = line.replace('stripe-api-key', 'harmless')
      rewrite(
        row,
        [body],
        [ratchet.mac(Buffer.from(String(block(one, 2)['mac']), 'base64url'), body).toString('base64url')],
      )
    },
    { code: 'mac_wrong', block: 3, entry: 5 },
  ],
  [
    'fork a sequence: a second block under a number that is taken',
    ({ one, other }) => [
      ...one.rows,
      ...other.rows,
      { ...(one.rows[2] as StoredRow), partitionKey: `2026112519|${one.wid}` },
    ],
    { code: 'block_repeated', block: 2 },
  ],
  [
    'add a writer under a forged master',
    ({ rows }) => [
      ...rows,
      ...written({ blocks: [act('x')], master: new Secret('x'.repeat(43)), wid: '3'.repeat(32) }).rows,
    ],
    { code: 'mac_wrong', writer: '3'.repeat(32), entry: 0 },
  ],
  [
    'open a writer id a second time',
    ({ rows, one }) => [...rows, ...written({ blocks: [act('x')], wid: one.wid, at: NOW + 7_200_000 }).rows],
    { code: 'block_repeated', writer: '1'.repeat(32), block: 0 },
  ],
  [
    'cut off the beginning of a writer',
    ({ one, other }) => [...one.rows.slice(1), ...other.rows],
    { code: 'blocks_missing', block: 0 },
  ],
  [
    'write after `writer.close`',
    ({ rows, other }) => [...rows, { ...(other.rows[1] as StoredRow), rowKey: '000000000004' }],
    { code: 'entry_repeated', writer: '2'.repeat(32) },
  ],
  [
    'add a row of another kind',
    ({ rows }) => [...rows, { partitionKey: 'x', rowKey: 'y', etag: '' }],
    { code: 'foreign_row' },
  ],
  [
    'add a column',
    ({ one }) => void Object.assign(block(one, 1), { note: 'x' }),
    { code: 'malformed_block', block: 1 },
  ],
  [
    'empty a block',
    ({ one }) => void Object.assign(block(one, 1), { lines00: '', macs00: '', count: 0 }),
    { code: 'malformed_entry', block: 1 },
  ],
  [
    'move a block to a later hour, where no query for its time looks',
    ({ one }) => void Object.assign(block(one, 5), { partitionKey: `2026112521|${one.wid}` }),
    { code: 'misplaced_block', block: 5 },
  ],
  [
    'jump to a number that would keep the verifier busy',
    ({ one }) => void Object.assign(block(one, 5), { lines00: '{"seq":9007199254740991,"kind":"system"}' }),
    { code: 'entries_missing', block: 5 },
  ],
]
