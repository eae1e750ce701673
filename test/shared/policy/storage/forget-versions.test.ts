import { describe, expect, it } from 'vitest'
import { applyPolicies } from '../../../../shared/policy/apply.ts'
import { forgetVersions } from '../../../../shared/policy/storage/forget-versions.ts'
import { readCurrent } from '../../../../shared/policy/storage/publish.ts'
import { createMemoryTable } from '../../../support/memory-table.ts'

const DAY = 86_400_000
const START = Date.UTC(2026, 0, 1)
const rule = (at: number) => ({ kind: 'secretRule', secret: 'main/key', owner: `owner ${at}` })

async function world(changes: number) {
  const policies = createMemoryTable()
  const leases = createMemoryTable()
  for (let at = 0; at < changes; at += 1)
    await applyPolicies({ table: policies, documents: [rule(at)], now: () => START })
  const forget = (day: number, most = 1_000) => forgetVersions({ policies, leases, now: START + day * DAY, most })
  return { policies, forget, versions: async () => (await readCurrent(policies)).versions.length }
}

describe('old versions of policies', () => {
  it('go when a hundred revisions and ninety days have passed, and nothing in force with them', async () => {
    const { policies, forget, versions } = await world(130)
    expect(await forget(0)).toBe(0)
    expect(await forget(89)).toBe(0)
    expect(await forget(90)).toBe(29)
    expect(await versions()).toBe(101)
    const { revision, inForce } = await readCurrent(policies)
    expect([revision, inForce.length]).toEqual([130, 1])
    const applied = await applyPolicies({ table: policies, documents: [rule(7)], now: () => START })
    expect(applied).toMatchObject({ revision: 131, inserted: 1 })
  })

  it('keeps everything of fewer than a hundred revisions', async () => {
    const { forget, versions } = await world(20)
    await forget(0)
    expect(await forget(400)).toBe(0)
    expect(await versions()).toBe(20)
  })

  it('two at once, and applies meanwhile, are undisturbed', async () => {
    const { policies, forget, versions } = await world(130)
    await forget(0)
    const [one, other, applied] = await Promise.all([
      forget(95),
      forget(95),
      applyPolicies({ table: policies, documents: [rule(999)], now: () => START }),
    ])
    expect(one + other).toBeGreaterThanOrEqual(29)
    expect(applied.revision).toBe(131)
    expect(await versions()).toBe(102)
  })
})
