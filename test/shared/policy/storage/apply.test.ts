import { describe, expect, it } from 'vitest'
import { applyPolicies } from '../../../../shared/policy/apply.ts'
import { applyWhenFree } from '../../../../shared/policy/apply-when-free.ts'
import { createMemoryTable, onEveryWrite } from '../../../support/memory-table.ts'
import { HELD_SECONDS, issuer, role, statement } from '../../../support/policy/documents.ts'

const now = () => 0
const revisionRow = async (table: ReturnType<typeof createMemoryTable>) => table.get('_', 'revision')

describe('applyPolicies', () => {
  it('publishes the first set as revision 1', async () => {
    const table = createMemoryTable()
    expect(await applyPolicies({ table, documents: [role('a'), role('b')], now })).toEqual({
      revision: 1,
      inserted: 2,
      removed: 0,
      leftAlone: [],
    })
    expect(await revisionRow(table)).toMatchObject({ revision: 1, count: 2 })
  })

  it('keeps the revision when nothing changes, whatever the order and spelling of keys', async () => {
    const table = createMemoryTable()
    await applyPolicies({ table, documents: [role('a'), issuer('i')], now })
    const again = [issuer('i'), { actions: ['secret:get'], name: 'a', $schema: './policy.schema.json', kind: 'role' }]
    const before = table.rows()
    expect(await applyPolicies({ table, documents: again, now })).toEqual({
      revision: 1,
      inserted: 0,
      removed: 0,
      leftAlone: [],
    })
    expect(table.rows()).toEqual(before)
  })

  it('keeps old versions, and a rollback is an apply of what was', async () => {
    const table = createMemoryTable()
    await applyPolicies({ table, documents: [role('a')], now })
    const first = await revisionRow(table)
    expect(await applyPolicies({ table, documents: [role('a', ['secret:set']), role('b')], now })).toEqual({
      revision: 2,
      inserted: 2,
      removed: 0,
      leftAlone: [],
    })
    expect(await applyPolicies({ table, documents: [role('a')], now })).toEqual({
      revision: 3,
      inserted: 1,
      removed: 1,
      leftAlone: [],
    })
    expect(await revisionRow(table)).toMatchObject({ revision: 3, count: 1, hash: first?.['hash'] })
    expect((await table.get('role', 'a|000000000002'))?.['until']).toBe('000000000003')
  })

  it('reports every fault of every document and writes nothing', async () => {
    const table = createMemoryTable()
    const documents = [role('a', ['nope']), statement('s', { roles: ['missing'] }), { kind: 'x' }]
    await expect(applyPolicies({ table, documents, now })).rejects.toMatchObject({
      code: 'invalid_document',
      extras: { errors: [{ pointer: '/0/actions/0' }, { pointer: '/2/kind' }, { pointer: '/1/roles/0' }] },
    })
    expect(table.rows()).toEqual([])
  })

  it('refuses an issuer that is the gateway itself', async () => {
    const forbiddenIssuer = 'https://gateway.example'
    for (const own of ['https://gateway.example', 'https://gateway.example/']) {
      const documents = [issuer('own', { issuer: own })]
      await expect(
        applyPolicies({ table: createMemoryTable(), documents, now, forbiddenIssuer }),
      ).rejects.toMatchObject({
        extras: { errors: [{ pointer: '/0/issuer' }] },
      })
    }
  })

  it('lets one of two concurrent applies win; the other says that one is running', async () => {
    const table = createMemoryTable()
    await applyPolicies({ table, documents: [role('a')], now })
    const others = () =>
      Promise.allSettled(['c', 'd'].map((name) => applyPolicies({ table, documents: [role(name)], now })))
    let refused: Promise<PromiseSettledResult<unknown>[]> | undefined
    // They come while the first one writes.
    const slow: typeof table = {
      ...table,
      transact: async (...call) => {
        refused ??= others()
        await refused
        return table.transact(...call)
      },
    }
    expect(await applyPolicies({ table: slow, documents: [role('b')], now })).toMatchObject({ revision: 2 })
    const reason = expect.objectContaining({ reason: 'apply_in_progress' })
    expect(await refused).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ])
    expect(await revisionRow(table)).toMatchObject({ revision: 2, count: 1 })
  })

  it('does not publish when another apply took its expired claim over before any of its writes', async () => {
    for (let write = 1; write <= 5; write++) {
      const table = createMemoryTable()
      await applyPolicies({ table, documents: [role('a')], now })
      let clock = 0
      const slow = onEveryWrite(table, async (count) => {
        if (count !== write) return
        clock = HELD_SECONDS * 1_000
        await applyPolicies({ table, documents: [role('fast')], now: () => clock })
      })
      const outcome = await applyPolicies({ table: slow, documents: [role('slow')], now: () => clock }).catch(
        (error: { reason: string }) => error.reason,
      )
      expect(outcome).toMatch(/claim_lost|apply_in_progress|rows_changed/)
      // Whatever the straggler still wrote: the next apply finds and removes it.
      await applyPolicies({ table, documents: [role('next')], now: () => 2 * HELD_SECONDS * 1_000 })
      const inForce = table.rows().filter((row) => row['until'] === '999999999999')
      expect(inForce.map(({ rowKey }) => rowKey.split('|')[0])).toEqual(['next'])
    }
  })

  it('removes what an apply that had lost its claim wrote after the other was published', async () => {
    const table = createMemoryTable()
    await applyPolicies({ table, documents: [role('a'), role('b')], now })
    await applyPolicies({ table, documents: [role('a'), role('b'), role('c')], now })
    // The straggler's claim was the second, too; the one that published came after it.
    const revision = await revisionRow(table)
    if (!revision) throw new Error('no revision')
    await table.replace({ ...revision, fence: Number(revision['fence']) + 1 }, revision.etag)
    const c = await table.get('role', 'c|000000000002')
    if (!c) throw new Error('no row')
    await table.replace({ ...c, fence: Number(c['fence']) + 1 }, c.etag)
    await table.insert({ ...c, rowKey: 'straggler|000000000002' })
    const a = await table.get('role', 'a|000000000001')
    if (!a) throw new Error('no row')
    await table.replace({ ...a, until: '000000000002', endFence: Number(c['fence']) }, a.etag)

    const applied = await applyPolicies({ table, documents: [role('a'), role('b'), role('c')], now })
    expect(applied).toEqual({ revision: 2, inserted: 0, removed: 0, leftAlone: [] })
    expect(
      table
        .rows()
        .filter(({ partitionKey }) => partitionKey === 'role')
        .map(({ rowKey }) => rowKey),
    ).toEqual(['a|000000000001', 'b|000000000001', 'c|000000000002'])
  })

  it('takes a swap whose answer was lost for done', async () => {
    const table = createMemoryTable()
    const deaf = {
      ...table,
      insert: async (row: Parameters<typeof table.insert>[0]) => {
        const result = await table.insert(row)
        if (row.rowKey === 'revision') throw new Error('socket hang up')
        return result
      },
    }
    expect(await applyPolicies({ table: deaf, documents: [role('a')], now })).toMatchObject({ revision: 1 })
  })

  it('stores a document of many columns and reads it back, surrogate pairs whole', async () => {
    const table = createMemoryTable()
    const resources = Array.from({ length: 400 }, (_, at) => `secret/main/${'x'.repeat(100)}-${at}`)
    const owner = '🔑'.repeat(30)
    const documents = [role('reader'), statement('large', { resources, owner })]
    await applyPolicies({ table, documents, now })
    const row = await table.get('statement', 'large|000000000001')
    expect(row).toHaveProperty('body1')
    for (const [name, value] of Object.entries(row ?? {})) {
      if (name.startsWith('body')) expect(String(value).length).toBeLessThanOrEqual(30_000)
    }
    expect(await applyPolicies({ table, documents, now })).toMatchObject({ revision: 1, inserted: 0 })
  })

  it('writes more documents than one transaction takes', async () => {
    const documents = Array.from({ length: 250 }, (_, at) => role(`role-${at}`))
    const table = createMemoryTable()
    expect(await applyPolicies({ table, documents, now })).toMatchObject({ inserted: 250 })
    expect(await applyPolicies({ table, documents: documents.slice(0, 10), now })).toMatchObject({ removed: 240 })
  })

  it('mends a set that somebody changed by hand, under a new revision', async () => {
    const table = createMemoryTable()
    await applyPolicies({ table, documents: [role('a'), role('b')], now })
    const row = await table.get('role', 'a|000000000001')
    if (!row) throw new Error('no row')
    await table.replace({ ...row, body0: '{"kind":"role","name":"a","actions":["policy:write"]}' }, row.etag)
    expect(await applyPolicies({ table, documents: [role('a'), role('b')], now })).toMatchObject({
      revision: 2,
      inserted: 1,
    })
  })
})

describe('applyWhenFree', () => {
  it('tries again as long as it may while another apply holds the table', async () => {
    const table = createMemoryTable()
    const dying = onEveryWrite(table, (count) => {
      if (count > 1) throw new Error('killed')
    })
    await applyPolicies({ table: dying, documents: [role('a')], now }).catch(() => {})
    let clock = 0
    const pause = async (ms: number) => {
      clock += ms
    }
    const apply = () => applyPolicies({ table, documents: [role('a')], now: () => clock })
    await expect(applyWhenFree(apply, { waitSeconds: 10, pause })).rejects.toMatchObject({
      reason: 'apply_in_progress',
    })
    await expect(applyWhenFree(apply, { waitSeconds: 60, pause })).resolves.toMatchObject({ revision: 1 })
  })
})
