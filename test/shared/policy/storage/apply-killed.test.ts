import { describe, expect, it } from 'vitest'
import type { StoredRow, Table } from '../../../../shared/azure/table.ts'
import { applyPolicies } from '../../../../shared/policy/apply.ts'
import { createPolicyStore } from '../../../../shared/policy/store.ts'
import { createMemoryTable, onEveryWrite } from '../../../support/memory-table.ts'
import { HELD_SECONDS, issuer, role } from '../../../support/policy/documents.ts'

const OLD = [issuer('a'), role('kept'), role('changed', ['secret:get']), role('removed')]
const NEW = [issuer('a'), role('kept'), role('changed', ['secret:set']), role('added'), issuer('b')]

class Killed extends Error {}

/** What a gateway that starts now would serve: the revision, and whether issuer `b` of the new set is trusted. */
async function served(table: Table) {
  const store = createPolicyStore({
    table,
    now: () => 0,
    pollSeconds: 5,
    maxStaleSeconds: 60,
    forbiddenIssuer: 'https://gateway.example',
    report: () => {},
  })
  await store.fresh()
  const { revision, issuerOf } = store.current()
  return { revision, hasNew: issuerOf('https://b.example') !== undefined }
}

async function tableWithOldSet(): Promise<StoredRow[]> {
  const table = createMemoryTable()
  await applyPolicies({ table, documents: OLD, now: () => 0 })
  return table.rows()
}

async function writesOfAnApply(): Promise<number> {
  let writes = 0
  const table = onEveryWrite(createMemoryTable(await tableWithOldSet()), (count) => {
    writes = count
  })
  await applyPolicies({ table, documents: NEW, now: () => 0 })
  return writes
}

const killAt = (write: number) => (count: number) => {
  if (count >= write) throw new Killed()
}

describe('an apply that is killed', () => {
  it('leaves the old set or the new one in force, never a mixture, and the next apply mends the rest', async () => {
    const writes = await writesOfAnApply()
    expect(writes).toBeGreaterThanOrEqual(7)
    const seen = new Set<number>()
    for (let write = 1; write <= writes; write++) {
      const table = createMemoryTable(await tableWithOldSet())
      const dying = onEveryWrite(table, killAt(write))
      await applyPolicies({ table: dying, documents: NEW, now: () => 0 }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
      })
      const after = await served(table)
      expect(after.hasNew).toBe(after.revision === 2)
      seen.add(after.revision)

      const mended = await applyPolicies({ table, documents: NEW, now: () => HELD_SECONDS * 1_000 })
      expect(mended.revision).toBe(2)
      expect(await served(table)).toEqual({ revision: 2, hasNew: true })
      expect(versionsOf(table.rows())).toEqual(versionsOf(await cleanTable()))
    }
    expect([...seen]).toEqual([1, 2])
  })

  it('is mended too by an apply that is killed itself, and by a rollback', async () => {
    const writes = await writesOfAnApply()
    for (let write = 1; write < writes; write++) {
      const table = createMemoryTable(await tableWithOldSet())
      await applyPolicies({ table: onEveryWrite(table, killAt(write)), documents: NEW, now: () => 0 }).catch(() => {})
      const later = HELD_SECONDS * 1_000
      await applyPolicies({ table: onEveryWrite(table, killAt(3)), documents: [role('x')], now: () => later }).catch(
        () => {},
      )
      const before = await served(table)
      await applyPolicies({ table, documents: OLD, now: () => 2 * later })
      const after = await served(table)
      expect(after.hasNew).toBe(false)
      // The old set is what was in force: repaired, not published again.
      if (!before.hasNew) expect(after.revision).toBe(before.revision)
    }
  })

  it('does not stand in the way of a third set that keeps what it was about to remove', async () => {
    const writes = await writesOfAnApply()
    const third = [...OLD, role('third')]
    for (let write = 1; write < writes - 1; write++) {
      const table = createMemoryTable(await tableWithOldSet())
      await applyPolicies({ table: onEveryWrite(table, killAt(write)), documents: NEW, now: () => 0 }).catch(() => {})
      const applied = await applyPolicies({ table, documents: third, now: () => HELD_SECONDS * 1_000 })
      expect(applied).toEqual({ revision: 2, inserted: 1, removed: 0, leftAlone: [] })
      expect(await served(table)).toEqual({ revision: 2, hasNew: false })
    }
  })

  it('holds the table until its claim expires, and no longer', async () => {
    const table = createMemoryTable(await tableWithOldSet())
    await applyPolicies({ table: onEveryWrite(table, killAt(3)), documents: NEW, now: () => 0 }).catch(() => {})
    const almost = HELD_SECONDS * 1_000 - 1
    await expect(applyPolicies({ table, documents: NEW, now: () => almost })).rejects.toMatchObject({
      code: 'conflict',
      reason: 'apply_in_progress',
      extras: { retryAfterSeconds: 1 },
    })
    await expect(applyPolicies({ table, documents: NEW, now: () => almost + 1 })).resolves.toMatchObject({
      revision: 2,
    })
  })
})

async function cleanTable(): Promise<StoredRow[]> {
  const table = createMemoryTable(await tableWithOldSet())
  await applyPolicies({ table, documents: NEW, now: () => 0 })
  return table.rows()
}

/** Which version of which document is in force from when to when. */
const versionsOf = (rows: readonly StoredRow[]) =>
  rows
    .filter(({ partitionKey }) => partitionKey !== '_')
    .map((row) => `${row.partitionKey}/${row.rowKey} ${row['until']}`)
