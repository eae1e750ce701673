import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createAzure } from '../../../shared/azure/azure.ts'
import type { Row, Table } from '../../../shared/azure/table.ts'
import { type SweepDeps, sweep } from '../../../shared/sweep/sweep.ts'
import { rig } from '../../support/rig.ts'

const local = rig()
const HOUR = 3_600_000
const NOW = Date.UTC(2026, 10, 25, 10, 30)
const iso = (time: number) => new Date(time).toISOString()

let tables: SweepDeps['tables']

beforeAll(async () => {
  await local.createStorage()
  const { table } = createAzure(local.config())
  tables = {
    ...{ audit: table('audit'), handles: table('handles'), leases: table('leases') },
    ...{ once: table('once'), policies: table('policies'), quotas: table('quotas') },
    ...{ lastUse: table('lastUse'), reports: table('reports'), subscriptions: table('subscriptions') },
  }
})

beforeEach(async () => {
  for (const table of [tables.once, tables.handles, tables.quotas, tables.leases])
    for await (const { partitionKey, rowKey, etag } of table.list({})) await table.remove(partitionKey, rowKey, etag)
})

const run = (more: Partial<SweepDeps> = {}) =>
  sweep({
    tables,
    expireStale: async () => ({ expired: 0 }),
    journal: { record: async () => ({ wid: '', seq: 0, macPrefix: '' }) },
    now: () => NOW,
    ...more,
  })

async function keys(table: Table): Promise<string[]> {
  const found: string[] = []
  for await (const { partitionKey, rowKey } of table.list({})) found.push(`${partitionKey}/${rowKey}`)
  return found
}
const insert = async (table: Table, rows: readonly Row[]) => {
  for (const row of rows) await table.insert(row)
}
const row = (partitionKey: string, rowKey: string, columns = {}): Row => ({ partitionKey, rowKey, ...columns })
const handle = (id: string, expiresAt: number) => row(id, 'handle', { said: JSON.stringify({ expiresAt }), seal: 's' })

describe('rows of events', () => {
  it('go when they were told, or given up, long enough ago; what waits stays', async () => {
    await insert(tables.subscriptions, [
      row('told', 'over', { expires: iso(NOW - HOUR) }),
      row('told', 'known', { expires: iso(NOW + HOUR) }),
      row('parked', 's1|over', { expires: iso(NOW - HOUR) }),
      row('parked', 's1|kept', { expires: iso(NOW + HOUR) }),
      ...['delivery', 'open', 'outbox', 'subscriber'].map((partition) => row(partition, 'waits', { expires: iso(0) })),
    ])
    expect((await run())['events']).toBe(2)
    expect(await keys(tables.subscriptions)).toEqual([
      ...['delivery/waits', 'open/waits', 'outbox/waits', 'parked/s1|kept', 'subscriber/waits', 'told/known'],
    ])
  })
})

describe('rows of what happens once', () => {
  it('go after their end, by the hours that are over; what could still be asked about stays (T42)', async () => {
    await insert(tables.once, [
      row('dpop|2026112508', 'over', { expires: iso(NOW - HOUR) }),
      row('dpop|2026112508', 'year', { expires: iso(NOW + 300 * 24 * HOUR) }),
      row('dpop|2026112510', 'this-hour', { expires: iso(NOW - HOUR) }),
      row('jti|2026112509', 'just-over', { expires: iso(NOW - 1_000) }),
      row('revoked|2026112400', 'no-time', {}),
      row('revoked|2026112400', 'nonsense', { expires: 'never' }),
      row('idem|00', 'over', { expires: iso(NOW - HOUR) }),
      row('idem|ff', 'over', { expires: iso(NOW - HOUR) }),
      row('idem|ff', 'running', { expires: iso(NOW + HOUR) }),
    ])
    expect(await run()).toMatchObject({ once: 3 })
    expect(await keys(tables.once)).toEqual([
      'dpop|2026112508/year',
      'dpop|2026112510/this-hour',
      'idem|ff/running',
      'jti|2026112509/just-over',
      'revoked|2026112400/no-time',
      'revoked|2026112400/nonsense',
    ])
  })

  it('bounded (T34): goes on where it stopped, so what is alive keeps nothing else waiting', async () => {
    const alive = Array.from({ length: 5 }, (_, at) => row('idem|00', `a${at}`, { expires: iso(NOW + HOUR) }))
    const over = Array.from({ length: 5 }, (_, at) => row('idem|01', `b${at}`, { expires: iso(NOW - HOUR) }))
    await insert(tables.once, [...alive, ...over])
    const counts: unknown[] = []
    for (let turn = 0; turn < 6; turn += 1) counts.push((await run({ bounds: { rows: 2, ms: 60_000 } }))['once'])
    expect(counts).toEqual([0, 0, 1, 2, 2, 0])
    expect(await keys(tables.once)).toHaveLength(5)
  })

  it('two instances at once, and one that was killed between: only what has ended goes', async () => {
    const rows = Array.from({ length: 250 }, (_, at) =>
      row('dpop|2026112501', `r${at}`, { expires: iso(at % 5 === 0 ? NOW + HOUR : NOW - HOUR) }),
    )
    await insert(tables.once, rows)
    let batches = 0
    const dying: Table = {
      ...tables.once,
      transact: async (...args) => {
        if (++batches > 1) throw new Error('killed')
        return tables.once.transact(...args)
      },
    }
    await expect(run({ tables: { ...tables, once: dying } })).rejects.toThrow('killed')
    await Promise.all([run(), run()])
    expect(await keys(tables.once)).toHaveLength(50)
  })
})

describe('handles', () => {
  it('go a day after their end with the proof of their use, which never goes before its handle (T42)', async () => {
    await insert(tables.handles, [
      handle('a-over', NOW - 26 * HOUR),
      row('a-over', 'redeemed', { at: NOW - 27 * HOUR }),
      handle('b-just-over', NOW - HOUR),
      row('b-just-over', 'redeemed', { at: NOW - 2 * HOUR }),
      row('c-orphan', 'redeemed', { at: NOW - 90 * HOUR }),
      row('d-edited', 'handle', { said: 'no json' }),
    ])
    expect(await run()).toMatchObject({ handles: 3 })
    expect(await keys(tables.handles)).toEqual(['b-just-over/handle', 'b-just-over/redeemed', 'd-edited/handle'])
  })

  it('bounded to one row a run: a redeemed handle never stands without its proof', async () => {
    await insert(tables.handles, [handle('live', NOW + HOUR), row('live', 'redeemed', { at: NOW })])
    await insert(tables.handles, [handle('over', NOW - 99 * HOUR), row('over', 'redeemed', { at: NOW - 99 * HOUR })])
    for (let turn = 0; turn < 6; turn += 1) {
      await run({ bounds: { rows: 1, ms: 60_000 } })
      const left = await keys(tables.handles)
      if (left.includes('over/handle')) expect(left).toContain('over/redeemed')
      expect(left).toEqual(expect.arrayContaining(['live/handle', 'live/redeemed']))
    }
    expect(await keys(tables.handles)).toEqual(['live/handle', 'live/redeemed'])
  })
})

describe('quotas and replays', () => {
  it('windows go an hour after their end, replays after a day', async () => {
    await insert(tables.quotas, [row('202611250900|aa', 'x'), row('202611251000|aa', 'x'), row('202611252359|aa', 'x')])
    await insert(tables.leases, [
      row('replay', 'old', { startedAt: iso(NOW - 25 * HOUR) }),
      row('replay', 'new', { startedAt: iso(NOW - HOUR) }),
      row('lease', 'somebody', { expires: iso(0) }),
    ])
    expect(await run()).toMatchObject({ quotas: 1, replays: 1 })
    expect(await keys(tables.quotas)).toEqual(['202611251000|aa/x', '202611252359|aa/x'])
    expect(await keys(tables.leases)).toEqual(expect.arrayContaining(['lease/somebody', 'replay/new']))
    expect(await keys(tables.leases)).not.toContain('replay/old')
  })
})

describe('a work that fails', () => {
  it('keeps no other from being done, and is told', async () => {
    await insert(tables.quotas, [row('202611250000|aa', 'x')])
    const expireStale = async (): Promise<never> => {
      throw new Error('grants are down')
    }
    await expect(run({ expireStale })).rejects.toThrow('grants are down')
    expect(await keys(tables.quotas)).toEqual([])
  })
})
