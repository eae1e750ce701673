import { beforeAll, describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import { StorageError, type StoredRow, type Table } from '../../../shared/azure/table.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const table = createAzure(local.config()).table('secretState')

async function all(rows: AsyncIterable<StoredRow>): Promise<StoredRow[]> {
  const found: StoredRow[] = []
  for await (const row of rows) found.push(row)
  return found
}

async function read(from: Table, partitionKey: string, rowKey: string): Promise<StoredRow> {
  const row = await from.get(partitionKey, rowKey)
  if (!row) throw new Error('the row is not there')
  return row
}

const storageError = (reason: StorageError['reason']) => expect.objectContaining({ name: 'StorageError', reason })

beforeAll(() => local.createStorage())

describe('rows', () => {
  it('gives back what was written, each type as it was', async () => {
    const row = {
      partitionKey: 'types',
      rowKey: 'one',
      text: "O'Brien \u{1f512}",
      yes: true,
      small: 42,
      large: 1_795_000_000_123,
      negative: -5_000_000_000,
      half: 0.5,
      exact: 9_007_199_254_740_993n,
    }
    expect(await table.insert(row)).toBe('inserted')
    const { etag, ...rest } = await read(table, 'types', 'one')
    expect(rest).toEqual(row)
    expect(etag).toMatch(/^W\/"/)
  })

  it('undefined for a row that is not there', async () => {
    expect(await table.get('types', 'nothing')).toBeUndefined()
  })

  it('exists: a second insert under the same key changes nothing', async () => {
    await table.insert({ partitionKey: 'twice', rowKey: 'r', by: 'first' })
    expect(await table.insert({ partitionKey: 'twice', rowKey: 'r', by: 'second' })).toBe('exists')
    expect(await read(table, 'twice', 'r')).toMatchObject({ by: 'first' })
  })

  it('a row read back can be written again: its etag and timestamp are no columns', async () => {
    await table.insert({ partitionKey: 'again', rowKey: 'r', n: 1 })
    const row = await read(table, 'again', 'r')
    await table.replace({ ...row, n: 2 }, row.etag)
    const after = await read(table, 'again', 'r')
    expect(Object.keys(after).sort()).toEqual(['etag', 'n', 'partitionKey', 'rowKey'])
    expect(after).toMatchObject({ n: 2 })
  })

  it('rejected: a string no table can keep, a number that is none', async () => {
    const row = { partitionKey: 'bad', rowKey: 'r' }
    await expect(table.insert({ ...row, text: 'x'.repeat(32_769) })).rejects.toEqual(storageError('rejected'))
    await expect(table.insert({ ...row, n: Number.NaN })).rejects.toEqual(storageError('rejected'))
    expect(await table.insert({ ...row, text: 'x'.repeat(32_768) })).toBe('inserted')
  })
})

describe('compare-and-set (T12, F6)', () => {
  it('changed: an old etag neither replaces nor removes, and nothing is lost', async () => {
    await table.insert({ partitionKey: 'cas', rowKey: 'r', n: 0 })
    const { etag: old } = await read(table, 'cas', 'r')
    const replaced = await table.replace({ partitionKey: 'cas', rowKey: 'r', n: 1 }, old)
    if (replaced === 'changed') throw new Error('the first replacement failed')
    expect(await table.replace({ partitionKey: 'cas', rowKey: 'r', n: 2 }, old)).toBe('changed')
    expect(await table.remove('cas', 'r', old)).toBe('changed')
    expect(await read(table, 'cas', 'r')).toMatchObject({ n: 1, etag: replaced.etag })
    expect(await table.remove('cas', 'r', replaced.etag)).toBe('removed')
    expect(await table.remove('cas', 'r', replaced.etag)).toBe('changed')
    expect(await table.replace({ partitionKey: 'cas', rowKey: 'r', n: 3 }, replaced.etag)).toBe('changed')
  })

  it.each(['*', ''])('rejected: %j is no etag, on no path', async (etag) => {
    const row = { partitionKey: 'cas', rowKey: 'any' }
    await expect(table.replace(row, etag)).rejects.toEqual(storageError('rejected'))
    await expect(table.remove('cas', 'any', etag)).rejects.toEqual(storageError('rejected'))
    await expect(table.transact([{ act: 'remove', ...row, etag }])).rejects.toEqual(storageError('rejected'))
    await expect(table.transact([{ act: 'replace', row, etag }])).rejects.toEqual(storageError('rejected'))
  })

  it('8 writers × 8 increments end at exactly 64', async () => {
    await table.insert({ partitionKey: 'count', rowKey: 'r', n: 0 })
    const increment = async (): Promise<void> => {
      const row = await read(table, 'count', 'r')
      const done = await table.replace({ ...row, n: Number(row['n']) + 1 }, row.etag)
      if (done === 'changed') await increment()
    }
    const writer = async () => {
      for (let i = 0; i < 8; i += 1) await increment()
    }
    await Promise.all(Array.from({ length: 8 }, writer))
    expect(await read(table, 'count', 'r')).toMatchObject({ n: 64 })
  })
})

describe('keys and filters (T15, T16)', () => {
  const hostile = [
    'a/b',
    'a\\b',
    'a#b',
    'a?b',
    'a\nb',
    'a\u007fb',
    'a\u0085b',
    '',
    '.',
    '..',
    'x'.repeat(513),
    '\ud800',
  ]

  it.each(hostile)('invalid_key before any call: %j', async (key) => {
    await expect(table.get(key, 'r')).rejects.toEqual(storageError('invalid_key'))
    await expect(table.get('p', key)).rejects.toEqual(storageError('invalid_key'))
    await expect(table.insert({ partitionKey: key, rowKey: 'r' })).rejects.toEqual(storageError('invalid_key'))
    await expect(table.remove('p', key, 'W/"1"')).rejects.toEqual(storageError('invalid_key'))
  })

  it('no foreign rows: a quote in a value stays a value', async () => {
    await table.insert({ partitionKey: 'tenant-a', rowKey: 'r' })
    const injected = "tenant-x' or PartitionKey ne '"
    expect(await all(table.list({ partitionKey: injected }))).toEqual([])
    await table.insert({ partitionKey: "it's", rowKey: "o'clock" })
    expect(await all(table.list({ partitionKey: "it's", rowFrom: "o'" }))).toHaveLength(1)
    expect(await table.get("it's", "o'clock")).toBeDefined()
  })

  it('pages through everything in key order, with ranges and chosen columns', async () => {
    const rows = Array.from({ length: 1_234 }, (_, n) => ({
      partitionKey: 'pages',
      rowKey: String(n).padStart(5, '0'),
      n,
      other: 'x',
    }))
    for (let at = 0; at < rows.length; at += 100) {
      const changes = rows.slice(at, at + 100).map((row) => ({ act: 'insert' as const, row }))
      expect(await table.transact(changes)).toBe('done')
    }
    const found = await all(table.list({ partitionKey: 'pages', select: ['n'] }))
    expect(found.map((row) => row['n'])).toEqual(rows.map(({ n }) => n))
    expect(Object.keys(found[0] ?? {}).sort()).toEqual(['etag', 'n', 'partitionKey', 'rowKey'])
    const range = await all(
      table.list({ partitionFrom: 'pages', partitionBefore: 'pagf', rowFrom: '00100', rowBefore: '00103' }),
    )
    expect(range.map(({ rowKey }) => rowKey)).toEqual(['00100', '00101', '00102'])
  })
})

describe('transactions', () => {
  const row = (rowKey: string, n: number) => ({ partitionKey: 'tx', rowKey, n })

  it('conflict: all or nothing, also when only a deletion has an old etag', async () => {
    await table.transact([
      { act: 'insert', row: row('keep', 1) },
      { act: 'insert', row: row('gone', 1) },
    ])
    const { etag: old } = await read(table, 'tx', 'gone')
    await table.replace(row('gone', 2), old)
    const { etag: keep } = await read(table, 'tx', 'keep')
    const outcome = await table.transact([
      { act: 'replace', row: row('keep', 9), etag: keep },
      { act: 'insert', row: row('new', 1) },
      { act: 'remove', partitionKey: 'tx', rowKey: 'gone', etag: old },
    ])
    expect(outcome).toBe('conflict')
    expect(await read(table, 'tx', 'keep')).toMatchObject({ n: 1 })
    expect(await read(table, 'tx', 'gone')).toMatchObject({ n: 2 })
    expect(await table.get('tx', 'new')).toBeUndefined()
  })

  it('done: every change with its own etag, deletions in any place', async () => {
    const names = ['a', 'b', 'c', 'd']
    await table.transact(names.map((name) => ({ act: 'insert', row: row(name, 0) })))
    const [a, b, c, d] = await Promise.all(names.map((name) => read(table, 'tx', name)))
    const outcome = await table.transact([
      { act: 'remove', partitionKey: 'tx', rowKey: 'a', etag: a?.etag ?? '' },
      { act: 'replace', row: row('b', 5), etag: b?.etag ?? '' },
      { act: 'remove', partitionKey: 'tx', rowKey: 'c', etag: c?.etag ?? '' },
      { act: 'remove', partitionKey: 'tx', rowKey: 'd', etag: d?.etag ?? '' },
    ])
    expect(outcome).toBe('done')
    expect(await read(table, 'tx', 'b')).toMatchObject({ n: 5 })
    for (const name of ['a', 'c', 'd']) expect(await table.get('tx', name)).toBeUndefined()
  })

  it('rejected: none, more than 100, two partitions', async () => {
    const many = Array.from({ length: 101 }, (_, n) => ({ act: 'insert' as const, row: row(`m${n}`, n) }))
    await expect(table.transact([])).rejects.toEqual(storageError('rejected'))
    await expect(table.transact(many)).rejects.toEqual(storageError('rejected'))
    const elsewhere = { act: 'insert' as const, row: { partitionKey: 'other', rowKey: 'r' } }
    await expect(table.transact([{ act: 'insert', row: row('x', 1) }, elsewhere])).rejects.toBeInstanceOf(StorageError)
  })
})

describe('the service', () => {
  it('tells the clock skew from its answers (T28)', async () => {
    const azure = createAzure(local.config(), { now: () => Date.now() + 240_000 })
    expect(azure.clockSkewMs()).toBeUndefined()
    await azure.table('keys').get('p', 'r')
    expect(azure.clockSkewMs()).toBeGreaterThan(-242_000)
    expect(azure.clockSkewMs()).toBeLessThan(-238_000)
  })
})
