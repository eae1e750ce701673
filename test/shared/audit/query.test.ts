import { describe, expect, test } from 'vitest'
import { type AuditFilter, queryJournal } from '../../../shared/audit/query.ts'
import type { StoredRow } from '../../../shared/azure/table.ts'
import { denial, intent, NOW, result } from './fixtures.ts'
import { memoryTable } from './memory-table.ts'
import { written } from './written.ts'

const HOUR = 3_600_000
const at = (hours: number, seconds = 0) => new Date(NOW + hours * HOUR + seconds * 1_000).toISOString()

async function ask(rows: readonly StoredRow[], filter: AuditFilter = {}, order: 'oldest' | 'newest' = 'oldest') {
  const memory = memoryTable()
  for (const row of rows) await memory.table.insert(row)
  const hits: string[] = []
  for await (const { entry } of queryJournal({ table: memory.table, filter, order, now: NOW })) {
    hits.push('txn' in entry ? `${entry.kind} ${entry.txn}` : entry.kind)
  }
  return hits
}

const billing = (txn: string, time: string) =>
  intent(txn, { time, principal: { ...intent(txn).principal, id: 'entra:t:billing' } })

const sample = [
  ...written({
    blocks: [[billing('a', at(-3)), result('a', { time: at(-3, 1) })], [{ ...denial('b'), time: at(-3, 2) }]],
    at: NOW - 3 * HOUR,
  }).rows,
  ...written({
    blocks: [
      [
        intent('c', { time: at(0, 1), action: 'secret:list', resource: 'secret/main/smtp-password' }),
        billing('d', at(0, 3)),
      ],
      [result('c', { time: at(0, 2) })],
    ],
    wid: '9'.repeat(32),
  }).rows,
  ...written({
    blocks: [
      [
        result('d', { time: at(0, 4) }),
        { kind: 'refused', time: at(0, 5), issuer: 'local', reason: 'expired', count: 3 },
      ],
    ],
    wid: '1'.repeat(32),
  }).rows,
]

describe('a query', () => {
  test('finds an entry by who acted in it, not only by whom it is about', async () => {
    const base = billing('x', at(0, 1))
    const actor = { principal: { ...base.principal, id: 'oidc:test:actor' }, decision: base.decision }
    const { rows } = written({ blocks: [[{ ...base, actor }, billing('y', at(0, 2))]], wid: '2'.repeat(32) })
    expect(await ask(rows, { principal: 'oidc:test:actor' })).toEqual(['intent x'])
    expect(await ask(rows, { principal: 'entra:t:billing' })).toEqual(['intent x', 'intent y'])
  })

  test('gives everything in the order of time, a result from another writer after its intent', async () => {
    const everything = ['intent a', 'result a', 'denial b', 'intent c', 'result c', 'intent d', 'result d', 'refused']
    expect((await ask(sample)).filter((hit) => hit !== 'system')).toEqual(everything)
    expect((await ask(sample, {}, 'newest')).filter((hit) => hit !== 'system')).toEqual(everything.toReversed())
  })

  test.each<[string, AuditFilter, string[]]>([
    ['principal', { principal: 'entra:t:billing' }, ['intent a', 'result a', 'intent d', 'result d']],
    ['part of a principal: none', { principal: 'entra:t:bill' }, []],
    ['resource', { resource: 'secret/main/smtp-password' }, ['intent c', 'result c']],
    [
      'resource prefix',
      { resource: 'secret/main/s*' },
      ['intent a', 'result a', 'denial b', 'intent c', 'result c', 'intent d', 'result d'],
    ],
    ['action', { action: 'secret:list' }, ['intent c', 'result c']],
    ['permits', { decision: 'permit' }, ['intent a', 'result a', 'intent c', 'result c', 'intent d', 'result d']],
    ['denials', { decision: 'deny' }, ['denial b']],
    ['two at once', { principal: 'entra:t:billing', from: NOW }, ['intent d', 'result d']],
    ['from', { from: NOW + 5_000 }, ['refused']],
    ['to, exclusive', { to: NOW - 3 * HOUR + 2_000, principal: 'entra:t:billing' }, ['intent a', 'result a']],
    ['a range without entries', { from: NOW - 2 * HOUR, to: NOW - HOUR }, []],
  ])('filters by %s', async (_, filter, hits) => {
    expect(await ask(sample, filter)).toEqual(hits)
    expect((await ask(sample, filter, 'newest')).toSorted()).toEqual(hits.toSorted())
  })

  test('finds an entry whose block was written in the next hour', async () => {
    const { rows } = written({ blocks: [[intent('late', { time: at(-1) })]], at: NOW })
    expect(await ask(rows, { from: NOW - HOUR, to: NOW - HOUR + 1 })).toEqual(['intent late'])
  })

  test('finds an entry whose block was filed under the hour before, by a clock set back meanwhile', async () => {
    const { rows } = written({ blocks: [[intent('early', { time: at(0) })]], at: NOW - HOUR })
    expect(await ask(rows, { from: NOW, to: NOW + 1 })).toEqual(['intent early'])
  })

  test('a permit that was refused for an unmet obligation is a denial', async () => {
    const refused = { ...intent('r'), kind: 'denial' as const, refusal: 'reason_missing' }
    const { rows } = written({ blocks: [[refused]] })
    expect(await ask(rows, { decision: 'deny' })).toEqual(['denial r'])
    expect(await ask(rows, { decision: 'permit' })).toEqual([])
  })

  test('a batch gives the results of its txn', async () => {
    const other = intent('t', { resource: 'secret/main/other' })
    const { rows } = written({ blocks: [[intent('t'), other, result('t'), result('t')]] })
    expect(await ask(rows, { resource: 'secret/main/other' })).toEqual(['intent t', 'result t', 'result t'])
  })

  test('passes over rows that are no blocks, and an empty journal gives nothing', async () => {
    expect(await ask([{ partitionKey: 'x', rowKey: 'y', etag: '' }])).toEqual([])
    expect(await ask([])).toEqual([])
    const rows = [...sample, { partitionKey: '2026112518|nonsense', rowKey: 'y', etag: '' }]
    expect(await ask(rows, { decision: 'deny' })).toEqual(['denial b'])
  })
})
