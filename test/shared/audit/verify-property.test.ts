import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { Entry } from '../../../shared/audit/entry.ts'
import { verifyJournal } from '../../../shared/audit/verify.ts'
import type { StoredRow } from '../../../shared/azure/table.ts'
import { hourOf } from '../../../shared/time-keys.ts'
import { tries } from '../../support/share-of.ts'
import { denial, intent, MASTER, NOW, result } from './fixtures.ts'
import { macOf, stream, written } from './written.ts'

// The rows are filed under the hour of NOW; entries made now would stand in another one.
vi.useFakeTimers({ now: NOW, toFake: ['Date'] })

// T25: any edit, drop or swap of a random journal is told, but for what is cut off at the end of a writer.

const sizes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 })
const shape = fc.record({
  writers: fc.array(fc.record({ sizes, close: fc.boolean() }), { minLength: 1, maxLength: 3 }),
  resumed: fc.boolean(),
})

let txn = 0
const entry = (): Entry[] => {
  const id = `txn-${txn++}`
  return txn % 3 === 0 ? [denial(id)] : [intent(id), result(id)]
}

/** A right journal of that shape; the last writer may resume the first. */
function journal({ writers, resumed }: typeof shape extends fc.Arbitrary<infer T> ? T : never): StoredRow[] {
  const rows: StoredRow[] = []
  for (const [at, { sizes, close }] of writers.entries()) {
    const first = rows.filter(({ partitionKey }) => partitionKey === rows[0]?.partitionKey)
    const head = { wid: rows[0]?.partitionKey.slice(11) ?? '', block: first.length - 1, mac: macOf(first.at(-1)) }
    const resumes = resumed && at > 0 && at === writers.length - 1 && { resumes: head }
    const blocks = sizes.map((size) => Array.from({ length: size }, entry).flat())
    rows.push(...written({ blocks, close: close && !resumed, wid: String(at).repeat(32), at: NOW, ...resumes }).rows)
  }
  return rows
}

const verify = (rows: readonly StoredRow[]) => verifyJournal({ blocks: stream(rows), master: MASTER, now: NOW })

const isLast = (rows: StoredRow[], row: StoredRow) =>
  rows.filter(({ partitionKey }) => partitionKey === row.partitionKey).at(-1) === row

const pick = fc.nat()
const take = <T>(items: readonly T[], at: number): T => items[at % items.length] as T

test('an untouched journal is right', async () => {
  await fc.assert(
    fc.asyncProperty(shape, async (form) => {
      expect((await verify(journal(form))).wrong).toEqual([])
    }),
    { numRuns: tries(50) },
  )
})

test('any edit of any column is told', async () => {
  await fc.assert(
    fc.asyncProperty(shape, pick, pick, pick, fc.integer({ min: 1, max: 94 }), async (form, row, column, at, by) => {
      const rows = journal(form)
      const victim: Record<string, unknown> = take(rows, row)
      const name = take(
        Object.keys(victim).filter((key) => !['partitionKey', 'rowKey', 'etag'].includes(key)),
        column,
      )
      const value = victim[name]
      victim[name] = typeof value === 'string' ? changed(value, at, by) : Number(value) + by
      expect((await verify(rows)).ok).toBe(false)
    }),
  )
})

/** Another printable character in place of one. */
function changed(text: string, at: number, by: number): string {
  const place = at % text.length
  const code = 32 + ((text.charCodeAt(place) - 32 + by) % 95)
  return text.slice(0, place) + String.fromCharCode(code) + text.slice(place + 1)
}

test('any drop of a column is told', async () => {
  await fc.assert(
    fc.asyncProperty(shape, pick, pick, async (form, row, column) => {
      const rows = journal(form)
      const victim: Record<string, unknown> = take(rows, row)
      delete victim[
        take(
          Object.keys(victim).filter((key) => !['partitionKey', 'rowKey', 'etag'].includes(key)),
          column,
        )
      ]
      expect((await verify(rows)).ok).toBe(false)
    }),
    { numRuns: tries(50) },
  )
})

test('any drop of blocks is told unless it only cuts off ends', async () => {
  await fc.assert(
    fc.asyncProperty(shape, pick, async (form, row) => {
      const rows = journal(form)
      const victim = take(rows, row)
      fc.pre(!isLast(rows, victim))
      expect((await verify(rows.filter((one) => one !== victim))).ok).toBe(false)
    }),
  )
})

test('any drop of a line is told unless it only cuts off an end, whatever the attacker mends beside it', async () => {
  await fc.assert(
    fc.asyncProperty(shape, pick, pick, async (form, row, line) => {
      const rows = journal(form)
      const victim = take(rows, row)
      const lines = String(victim['lines00']).split('\n')
      const macs = String(victim['macs00']).match(/.{43}/g) ?? []
      const at = line % lines.length
      fc.pre(lines.length > 1 && !(isLast(rows, victim) && at === lines.length - 1))
      lines.splice(at, 1)
      macs.splice(at, 1)
      const first = (JSON.parse(lines[0] ?? '') as { seq: number }).seq
      Object.assign(victim, {
        lines00: lines.join('\n'),
        macs00: macs.join(''),
        count: lines.length,
        first,
        mac: macs.at(-1),
      })
      expect((await verify(rows)).ok).toBe(false)
    }),
  )
})

test('any swap of the contents or the keys of two blocks is told', async () => {
  await fc.assert(
    fc.asyncProperty(shape, pick, pick, async (form, a, b) => {
      const rows = journal(form)
      const [one, other] = [take(rows, a), take(rows, b)]
      fc.pre(one !== other)
      const keys = ({ partitionKey, rowKey }: StoredRow) => ({ partitionKey, rowKey })
      const swapped = rows.map((row) =>
        row === one ? { ...other, ...keys(one) } : row === other ? { ...one, ...keys(other) } : row,
      )
      expect((await verify(swapped)).ok).toBe(false)
    }),
  )
})

test('any copy of a block under another key is told', async () => {
  const key = fc.record({
    block: fc.integer({ min: 0, max: 9 }),
    writer: fc.integer({ min: 0, max: 3 }),
    hours: fc.integer({ min: 0, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(shape, pick, key, async (form, row, { block, writer, hours }) => {
      const rows = journal(form)
      const partitionKey = `${hourOf(NOW + hours * 3_600_000)}|${String(writer).repeat(32)}`
      const copy = { ...take(rows, row), partitionKey, rowKey: String(block).padStart(12, '0') }
      fc.pre(!rows.some((one) => one.partitionKey === partitionKey && one.rowKey === copy.rowKey))
      expect((await verify([...rows, copy])).ok).toBe(false)
    }),
  )
})
