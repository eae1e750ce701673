import { describe, expect, test, vi } from 'vitest'
import type { Entry } from '../../../shared/audit/entry.ts'
import { verifyJournal } from '../../../shared/audit/verify.ts'
import type { StoredRow } from '../../../shared/azure/table.ts'
import { intent, MASTER, NOW, result } from './fixtures.ts'
import { stream, written } from './written.ts'

// The rows are filed under the hour of NOW; entries made now would stand in another one.
vi.useFakeTimers({ now: NOW, toFake: ['Date'] })

const act = (txn: string) => [intent(txn), result(txn)]

const verify = (rows: readonly StoredRow[], now = NOW) => verifyJournal({ blocks: stream(rows), master: MASTER, now })

/** A writer with its last block never acknowledged, and the one that resumes it; ids decide which comes first in the table. */
function pair({
  late = true,
  oldWid = '8'.repeat(32),
  youngWid = '9'.repeat(32),
  lateBlock = [intent('given-up')] as Entry[],
} = {}) {
  const old = written({ blocks: [act('a'), ...(late ? [lateBlock] : [])], wid: oldWid })
  const head = { wid: oldWid, block: 1, mac: String(old.rows[1]?.['mac']) }
  const young = written({ blocks: [act('b')], resumes: head, wid: youngWid })
  return { old, young, head, rows: [...old.rows, ...young.rows] }
}

describe('T25: a writer that was given up and resumed', () => {
  test.each([
    ['after it in the table', '9'.repeat(32)],
    ['before it in the table', '7'.repeat(32)],
  ])('is right with one late block, its intents not told as unknown, when the next stands %s', async (_, youngWid) => {
    const report = await verify(pair({ youngWid }).rows, NOW + 3_600_000)
    expect(report).toMatchObject({
      ok: true,
      late: [{ writer: '8'.repeat(32), block: 2, intents: 1 }],
      unknownCount: 0,
      pending: 0,
    })
  })

  test('is right without a late block', async () => {
    expect(await verify(pair({ late: false }).rows)).toMatchObject({ ok: true, late: [] })
  })

  test('counts a result that stands in the late block and again in the next writer', async () => {
    const old = written({ blocks: [[intent('a')], [result('a')]], wid: '8'.repeat(32) })
    const head = { wid: old.wid, block: 1, mac: String(old.rows[1]?.['mac']) }
    const young = written({ blocks: [[result('a')]], resumes: head, wid: '7'.repeat(32) })
    expect(await verify([...old.rows, ...young.rows])).toMatchObject({ ok: true, repeatedResults: 1 })
  })

  test.each<[string, (journal: ReturnType<typeof pair>) => StoredRow[], string]>([
    ['the whole writer is removed', ({ young }) => young.rows, 'writer_missing'],
    ['its acknowledged tail is cut off', ({ old, young }) => [...old.rows.slice(0, 1), ...young.rows], 'tail_missing'],
    [
      'it wrote on',
      ({ head }) => {
        const old = written({ blocks: [act('a'), act('x'), act('y')], wid: head.wid })
        return [...old.rows, ...written({ blocks: [], resumes: { ...head, mac: String(old.rows[1]?.['mac']) } }).rows]
      },
      'written_after_resumed',
    ],
    [
      'its acknowledged block is another one',
      ({ old, head }) => [...old.rows, ...written({ blocks: [], resumes: { ...head, mac: 'A'.repeat(43) } }).rows],
      'resumed_head_differs',
    ],
    [
      'two writers resume it',
      ({ rows, head }) => [...rows, ...written({ blocks: [], resumes: head }).rows],
      'resumed_twice',
    ],
    [
      'an intent of the late block was acted upon',
      () => pair({ lateBlock: act('given-up') }).rows,
      'late_intent_acted_upon',
    ],
  ])('is wrong when %s', async (_, attack, code) => {
    const report = await verify(attack(pair()))
    expect(report.ok).toBe(false)
    expect(report.wrong).toContainEqual(expect.objectContaining({ code }))
  })
})

describe('intents and results', () => {
  test('an intent without a result is pending for 60 s, then unknown', async () => {
    const { rows } = written({ blocks: [[intent('open', { time: new Date(NOW).toISOString() })]] })
    expect(await verify(rows, NOW + 60_000)).toMatchObject({ ok: true, pending: 1, unknownCount: 0 })
    expect(await verify(rows, NOW + 60_001)).toMatchObject({
      ok: true,
      pending: 0,
      unknownCount: 1,
      unknown: [{ txn: 'open', block: 1, entry: 1 }],
    })
  })

  test('a result in another writer, before its intent in the table, belongs to it', async () => {
    const one = written({ blocks: [[intent('a')]], wid: '8'.repeat(32) })
    const other = written({ blocks: [[result('a')]], wid: '7'.repeat(32) })
    expect(await verify([...one.rows, ...other.rows], NOW + 3_600_000)).toMatchObject({ ok: true, unknownCount: 0 })
  })

  test('a batch has several of each under one txn', async () => {
    const { rows } = written({ blocks: [[intent('t'), intent('t'), result('t')], [result('t')]] })
    expect(await verify(rows, NOW + 3_600_000)).toMatchObject({ ok: true, unknownCount: 0, repeatedResults: 0 })
  })

  test('a result without any intent is wrong: the intent was durable before it', async () => {
    const { rows } = written({ blocks: [[result('lone')]] })
    const report = await verify(rows)
    expect(report.wrong).toEqual([expect.objectContaining({ code: 'result_without_intent', block: 1, entry: 1 })])
  })

  test('what looks wrong while the gateway writes is looked at again', async () => {
    const { rows } = pair({ youngWid: '7'.repeat(32) })
    let readings = 0
    const blocks = () =>
      stream(
        readings++ === 0
          ? rows.filter(({ partitionKey, rowKey }) => partitionKey.endsWith('7') || rowKey < '000000000001')
          : rows,
      )()
    expect(await verifyJournal({ blocks, master: MASTER, now: NOW })).toMatchObject({ ok: true })
    expect(readings).toBe(2)
  })
})
