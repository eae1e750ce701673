import { createHash, createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { columnName } from '../../../shared/audit/block.ts'
import { createChain } from '../../../shared/audit/chain.ts'
import { createRatchet } from '../../../shared/audit/ratchet.ts'
import { verifyJournal } from '../../../shared/audit/verify.ts'
import type { StoredRow } from '../../../shared/azure/table.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { ATTACKS, block, sample } from './attacks.ts'
import { intent, MASTER, NOW } from './fixtures.ts'
import { stream, written } from './written.ts'

// The rows are filed under the hour of NOW; entries made now would stand in another one.
vi.useFakeTimers({ now: NOW, toFake: ['Date'] })

// T25: the attacks of the threat model on the chain. Those on checkpoints arrive with the checkpoints.

const verify = (rows: readonly StoredRow[], now = NOW) => verifyJournal({ blocks: stream(rows), master: MASTER, now })

test('an untouched journal is right, and the report says what was checked', async () => {
  const report = await verify(sample().rows)
  expect(report).toMatchObject({
    ok: true,
    wrong: [],
    levels: { master: { checked: true }, publicKey: { checked: false } },
    writers: 2,
    openWriters: 1,
    blocks: 10,
    entries: 14,
    kinds: { intent: 5, result: 5, denial: 1, system: 3 },
    from: '2026112518',
    to: '2026112518',
  })
})

test('an empty journal is right', async () => {
  expect(await verify([])).toMatchObject({ ok: true, entries: 0 })
})

test('the chain is what the documents say, computed here with other code', () => {
  const wid = 'ab'.repeat(16)
  const chain = createChain(wid, createRatchet(MASTER, wid))
  const info = Buffer.concat([Buffer.from('sallyport journal'), Buffer.from(wid, 'hex')])
  let key = Buffer.from(hkdfSync('sha256', Buffer.from('test-journal-master-of-43-base64url-chars-x'), '', info, 32))
  let previous: Uint8Array = Buffer.alloc(32)
  for (let seq = 0; seq < 5; seq++) {
    const link = chain.append('{"kind":"system"}')
    const head = Buffer.alloc(24)
    head.write(wid, 0, 'hex')
    head.writeUInt32BE(seq, 20)
    previous = createHmac('sha256', key).update(head).update(previous).update(`{"seq":${seq},"kind":"system"}`).digest()
    expect(link).toMatchObject({
      seq,
      body: `{"seq":${seq},"kind":"system"}`,
      mac: Buffer.from(previous).toString('base64url'),
    })
    key = createHash('sha256').update('ratchet').update(key).digest()
  }
})

describe('T25: tells who', () => {
  test.each(ATTACKS)('%s', async (_, attack, wrong) => {
    const journal = sample()
    const rows = attack(journal) ?? journal.rows
    const report = await verify(rows)
    expect(report.ok).toBe(false)
    expect(report.wrong).toContainEqual(expect.objectContaining(wrong))
  })

  test('modify one entry: that entry alone is named', async () => {
    const journal = sample()
    const row = block(journal.one, 2)
    row['lines00'] = String(row['lines00']).replace('billing-reads', 'billing-xxxxx')
    const report = await verify(journal.rows)
    expect(report.wrong).toEqual([
      { code: 'mac_wrong', writer: '1'.repeat(32), block: 2, entry: 3, message: 'the MAC of entry 3 is wrong' },
    ])
  })

  test('another master in the gateway vault is told as that', async () => {
    const report = await verifyJournal({ blocks: stream(sample().rows), master: new Secret('y'.repeat(43)), now: NOW })
    expect(report.wrong).toContainEqual(expect.objectContaining({ code: 'other_master' }))
  })

  test('without the master the report claims no MAC', async () => {
    const journal = sample()
    const row = block(journal.one, 2)
    row['lines00'] = String(row['lines00']).replace('billing-reads', 'billing-xxxxx')
    const report = await verifyJournal({ blocks: stream(journal.rows), now: NOW })
    expect(report).toMatchObject({ ok: true, levels: { master: { checked: false }, publicKey: { checked: false } } })
  })

  test('what is not told: the tail of the last writer cut off', async () => {
    const { one, other } = sample()
    expect(await verify([...one.rows.slice(0, 4), ...other.rows])).toMatchObject({ ok: true })
  })
})

test('columns beyond the first are checked too', async () => {
  const big = written({
    blocks: [Array.from({ length: 40 }, (_, n) => intent(`t${n}`, { context: { reason: 'r'.repeat(5_000) } }))],
  })
  const row = block(big, 1)
  const name = columnName('lines', 3)
  row[name] = String(row[name]).replace('rrrr', 'rrrs')
  expect((await verify(big.rows)).wrong).toEqual([expect.objectContaining({ code: 'mac_wrong' })])
})
