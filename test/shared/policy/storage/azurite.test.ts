import { beforeAll, describe, expect, it } from 'vitest'
import { createAzure } from '../../../../shared/azure/azure.ts'
import type { Table } from '../../../../shared/azure/table.ts'
import { applyPolicies } from '../../../../shared/policy/apply.ts'
import { createPolicyStore } from '../../../../shared/policy/store.ts'
import { onEveryWrite } from '../../../support/memory-table.ts'
import { HELD_SECONDS, issuer, role, statement } from '../../../support/policy/documents.ts'
import { rig } from '../../../support/rig.ts'

let table: Table
const now = () => 0
const later = () => HELD_SECONDS * 1_000

beforeAll(async () => {
  const test = rig()
  await test.createStorage()
  table = createAzure(test.config()).table('policies')
})

const storeOn = (on: Table) =>
  createPolicyStore({
    table: on,
    now,
    pollSeconds: 5,
    maxStaleSeconds: 60,
    forbiddenIssuer: 'https://gateway.example',
    report: () => {},
  })

describe('the policy set in Table Storage (over the real client)', () => {
  it('passes its whole life: first set, no change, change, kill, repair, rollback, races', async () => {
    const store = storeOn(table)
    await expect(store.refresh()).rejects.toMatchObject({ code: 'no_policy' })

    const large = statement('large', {
      resources: Array.from({ length: 400 }, (_, at) => `secret/main/${'x'.repeat(100)}-${at}`),
      owner: '🔑 ops',
    })
    const roles = Array.from({ length: 130 }, (_, at) => role(`role-${at}`))
    const first = [issuer('a'), role('reader'), large, ...roles]
    expect(await applyPolicies({ table, documents: first, now })).toEqual({
      revision: 1,
      inserted: 133,
      removed: 0,
      leftAlone: [],
    })
    expect(await applyPolicies({ table, documents: first, now })).toEqual({
      revision: 1,
      inserted: 0,
      removed: 0,
      leftAlone: [],
    })
    await store.refresh()
    expect(store.status()).toMatchObject({ state: 'ok', revision: 1 })

    const second = [issuer('b'), role('reader', ['secret:set'])]
    const dying = onEveryWrite(table, (count) => {
      if (count === 5) throw new Error('killed')
    })
    await expect(applyPolicies({ table: dying, documents: second, now })).rejects.toThrow('killed')
    const fresh = storeOn(table)
    await fresh.refresh()
    expect(fresh.current().issuerOf('https://a.example')).toBeDefined()

    expect(await applyPolicies({ table, documents: second, now: later })).toEqual({
      revision: 2,
      inserted: 2,
      removed: 132,
      leftAlone: [],
    })
    await store.refresh()
    expect(store.current().issuerOf('https://a.example')).toBeUndefined()
    expect(await applyPolicies({ table, documents: first, now: later })).toMatchObject({ revision: 3, inserted: 133 })

    const race = await Promise.allSettled(
      [1, 2, 3].map((at) => applyPolicies({ table, documents: [role(`race-${at}`)], now: later })),
    )
    expect(race.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await store.refresh()
    expect(store.status()).toMatchObject({ state: 'ok', revision: 4 })
  })
})
