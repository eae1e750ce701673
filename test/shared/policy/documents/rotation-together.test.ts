import { describe, expect, it } from 'vitest'
import { applyPolicies } from '../../../../shared/policy/apply.ts'
import { parsePolicySet } from '../../../../shared/policy/documents/policy-set.ts'
import { ownOf, refuseOwnTargets } from '../../../../shared/rotation/own-target.ts'
import { createMemoryTable } from '../../../support/memory-table.ts'

const APP = '11111111-2222-4333-8444-555555555555'

const rotation = (fields: Record<string, unknown>) => ({
  ...{ kind: 'rotation', name: 'it', secret: 'main/it', every: '30d', rotator: 'generate', owner: 'team' },
  ...fields,
})
const faultsOf = (...documents: object[]) => {
  const parsed = parsePolicySet(documents)
  return parsed.ok ? [] : parsed.faults.map(({ pointer, detail }) => `${pointer} ${detail}`)
}

describe('rotation documents', () => {
  it('are taken', () => {
    expect(faultsOf(rotation({}))).toEqual([])
  })

  it('are refused for a secret that another one rotates', () => {
    expect(faultsOf(rotation({}), rotation({ name: 'other' }))).toEqual([
      '/1/secret is rotated by another document too',
    ])
  })

  it('are refused for what the gateway stands on, with every field and why; those of the table are left alone (T24)', async () => {
    const refuse = refuseOwnTargets(ownOf({ issuer: 'https://gateway.example', ownStorageAccounts: ['own1'] }, [APP]))
    const hook = rotation({ rotator: 'webhook', settings: { url: 'https://gateway.example/v1/x' } })
    const settings = { tenant: APP, application: APP, clientId: APP }
    const app = rotation({ name: 'app', secret: 'main/app', rotator: 'entra-app', settings, every: '30d' })
    const parsed = parsePolicySet([hook, app], { refuse })
    const told = parsed.ok ? [] : parsed.faults.map(({ pointer, detail }) => `${pointer} ${detail.split(':')[0]}`)
    expect(told).toEqual([
      '/0/settings/url is the gateway itself, one of its vaults or its storage',
      '/1/settings/application is the gateway’s own identity, by which it reads its vaults',
      '/1/settings/clientId is the gateway’s own identity, by which it reads its vaults',
    ])
    const table = createMemoryTable()
    await applyPolicies({ table, documents: [hook], now: Date.now, manager: 'others' })
    const next = { table, documents: [rotation({ name: 'next', secret: 'main/next' })], now: Date.now, refuse }
    expect(await applyPolicies(next)).toMatchObject({ revision: 2 })
    await expect(applyPolicies({ ...next, documents: [app] })).rejects.toMatchObject({ code: 'invalid_document' })
  })

  it('are refused where the gateway’s own token would go to a server that Azure does not run (T24)', () => {
    const settings = {
      host: 'db.example',
      database: 'd',
      logins: ['a', 'b'],
      owner: 'o',
      admin: 'entra',
      adminRole: 'r',
    }
    expect(faultsOf(rotation({ rotator: 'database', settings }))).toEqual([
      expect.stringMatching(/^\/0\/settings\/host must be <server>\.postgres\.database\.azure\.com/),
    ])
    const azure = { ...settings, host: 'orders.postgres.database.azure.com' }
    expect(faultsOf(rotation({ rotator: 'database', settings: azure }))).toEqual([])
  })

  it.each([
    [{ rotator: 'telepathy' }, '/0/rotator', 'generate'],
    [{ every: undefined }, '/0/every', 'manual'],
    [{ cron: '0 3 * * *' }, '/0/cron', 'every'],
    [{ overlap: '30d', retire: { deadline: '1d' } }, '/0/overlap', 'deadline'],
    [{ family: { name: 'pair', spacing: '30d' } }, '/0/family/spacing', 'every'],
    [{ secret: 'Main/../x' }, '/0/secret', 'vault alias'],
    [{ settings: { length: 8 } }, '/0/settings/length', '16'],
    [{ verify: { successes: 0 } }, '/0/verify/successes', '1'],
    [{ onFailure: { attempts: 1_000 } }, '/0/onFailure/attempts', '20'],
    [{ blackout: [{ from: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }] }, '/0/blackout/0', 'end after'],
    [{ mode: 'sometimes' }, '/0/mode', 'auto'],
    [{ extra: 1 }, '/0/extra', 'not a known field'],
  ])('are refused with a pointer and what is allowed: %j', (fields, pointer, allowed) => {
    const faults = faultsOf(rotation(fields))
    expect(
      faults.some((fault) => fault.startsWith(pointer) && fault.includes(allowed)),
      faults.join('\n'),
    ).toBe(true)
  })
})
