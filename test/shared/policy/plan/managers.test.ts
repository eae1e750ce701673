import { describe, expect, it } from 'vitest'
import { type ApplyOptions, applyPolicies } from '../../../../shared/policy/apply.ts'
import { createMemoryTable, type MemoryTable, onEveryWrite } from '../../../support/memory-table.ts'
import { HELD_SECONDS, role, statement } from '../../../support/policy/documents.ts'

const now = () => 0
const apply = (table: MemoryTable, documents: object[], options: ApplyOptions = {}) =>
  applyPolicies({ table, documents, now, ...options })

const inForce = (table: MemoryTable) =>
  table
    .rows()
    .filter((row) => row['until'] === '999999999999')
    .map((row) => `${row.rowKey.split('|')[0]} of ${row['manager']}: ${row['body0']}`)

const text = (name: string, actions: string) =>
  `${name}: {"actions":["${actions}"],"kind":"role","name":"${name.split(' ')[0]}"}`

describe('documents of several managers', () => {
  it('are left alone by each other’s applies, which say so', async () => {
    const table = createMemoryTable()
    await apply(table, [role('a')])
    await apply(table, [role('x')], { manager: 'team-b' })
    expect(inForce(table)).toEqual([text('a of default', 'secret:get'), text('x of team-b', 'secret:get')])
    const again = await apply(table, [role('b')])
    expect(again).toMatchObject({ inserted: 1, removed: 1, leftAlone: [{ kind: 'role', id: 'x', manager: 'team-b' }] })
    expect(inForce(table)).toEqual([text('b of default', 'secret:get'), text('x of team-b', 'secret:get')])
    expect(await apply(table, [], { manager: 'team-b' })).toMatchObject({ removed: 1 })
  })

  it('are checked together: one may not lose what another needs, and the fault names whose it is', async () => {
    const table = createMemoryTable()
    await apply(table, [role('reader')])
    await apply(table, [statement('s')], { manager: 'team-b' })
    await expect(apply(table, [role('other')])).rejects.toMatchObject({
      code: 'invalid_document',
      extras: { errors: [{ pointer: '/statement/s/roles/0', detail: 'is not a role of this set' }] },
    })
    await expect(apply(table, [{ kind: 'role', name: 'X' }, statement('t', { roles: ['no'] })])).rejects.toMatchObject({
      extras: {
        errors: [
          { pointer: '/0/name' },
          { pointer: '/0/actions' },
          { pointer: '/1/roles/0' },
          { pointer: '/statement/s/roles/0' },
        ],
      },
    })
    expect(inForce(table)).toHaveLength(2)
  })

  it('may be made exactly the documents, whoever manages the others', async () => {
    const table = createMemoryTable()
    await apply(table, [role('x')], { manager: 'team-b' })
    expect(await apply(table, [role('a')], { exact: true })).toMatchObject({ inserted: 1, removed: 1, leftAlone: [] })
  })
})

describe('a document that somebody else changed since the last apply', () => {
  async function changedByApi(): Promise<MemoryTable> {
    const table = createMemoryTable()
    await apply(table, [role('a'), role('b')])
    await apply(table, [role('a', ['secret:set'])], { manager: 'api', force: true })
    return table
  }

  it('is not overwritten, and nothing else is applied either', async () => {
    const table = await changedByApi()
    const before = table.rows()
    await expect(apply(table, [role('a'), role('new')])).rejects.toMatchObject({
      code: 'conflict',
      reason: 'changed_since',
      extras: { errors: [{ pointer: '/role/a', detail: 'it was changed since, by the API' }] },
    })
    await expect(apply(table, [role('b')])).rejects.toMatchObject({
      extras: { errors: [{ pointer: '/role/a', detail: expect.stringContaining('would be removed') }] },
    })
    expect(table.rows()).toEqual(before)
  })

  it('is, by force, or for the revision whose plan was seen and for no other', async () => {
    const table = await changedByApi()
    await expect(apply(table, [role('a')], { expectRevision: 1 })).rejects.toMatchObject({ reason: 'revision_moved' })
    expect(await apply(table, [role('a')], { expectRevision: 2 })).toMatchObject({
      revision: 3,
      inserted: 1,
      removed: 1,
    })
    expect(inForce(table)).toEqual([text('a of default', 'secret:get')])
    expect(await apply(await changedByApi(), [role('a'), role('b')], { force: true })).toMatchObject({ inserted: 1 })
  })

  it('is no conflict when the documents say the same by now', async () => {
    const table = await changedByApi()
    expect(await apply(table, [role('a', ['secret:set']), role('b')])).toMatchObject({ revision: 2, inserted: 0 })
  })

  it('is not brought back when it was removed', async () => {
    const table = createMemoryTable()
    await apply(table, [role('a'), role('b')])
    await apply(table, [role('b')], { manager: 'api', exact: true })
    await expect(apply(table, [role('a'), role('b')])).rejects.toMatchObject({
      extras: { errors: [{ pointer: '/role/a', detail: 'it was removed since, by the API' }] },
    })
    // What a manager took back itself it may bring again.
    const own = createMemoryTable()
    await apply(own, [role('a')])
    await apply(own, [])
    expect(await apply(own, [role('a')])).toMatchObject({ revision: 3, inserted: 1 })
  })
})

describe('an apply among managers that is killed at any write', () => {
  it('changes nothing of theirs, and the next one comes to the same end', async () => {
    const start = createMemoryTable()
    await apply(start, [role('a'), role('b')])
    await apply(start, [role('x')], { manager: 'team-b' })
    const documents = [role('a', ['secret:set']), role('c')]
    const clean = createMemoryTable(start.rows())
    await apply(clean, documents)
    for (let write = 1; write <= 12; write++) {
      const table = createMemoryTable(start.rows())
      const dying = onEveryWrite(table, (count) => {
        if (count >= write) throw new Error('killed')
      })
      await applyPolicies({ table: dying, documents, now }).catch(() => {})
      // Who ended what in an apply that was never published is not remembered.
      const later = () => HELD_SECONDS * 1_000
      await applyPolicies({ table, documents: [role('x'), role('y')], now: later, manager: 'team-b' })
      const inForceRows = table.rows().filter((row) => row['until'] === '999999999999')
      expect(inForceRows.filter((row) => row['endedBy'] !== undefined)).toEqual([])
      await applyPolicies({ table, documents: [role('x')], now: later, manager: 'team-b' })
      await applyPolicies({ table, documents, now: () => 2 * later() })
      expect(inForce(table)).toEqual(inForce(clean))
      const mended = table.rows().filter((row) => row['endedBy'] !== undefined)
      expect(mended.map(({ rowKey }) => rowKey.split('|')[0])).toEqual(['a', 'b', 'y'])
    }
  })
})
