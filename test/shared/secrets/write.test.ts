import { beforeAll, describe, expect, it } from 'vitest'
import type { Precondition } from '../../../shared/secrets/precondition.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { rig } from '../../support/rig.ts'
import { secretsOn } from '../../support/secrets.ts'

const local = rig()
const control = local.vaultControl('main')
type Instance = ReturnType<typeof secretsOn>

const set = async (on: Instance, name: string, value: string, precondition: Precondition = {}) => {
  const ref = { vault: 'main', name }
  const grant = await on.admit('secret:set', ref)
  return on.secrets.set({ grant, ref }, { secret: { value: new Secret(value) }, precondition })
}

beforeAll(() => local.createStorage())

describe('a write', () => {
  it('12 writers on 3 instances with one If-Match: exactly one wins (RFC 9110 §13.1.1)', async () => {
    const instances = [secretsOn(local), secretsOn(local), secretsOn(local)] as const
    const { version } = await set(instances[0], 'raced', '0')
    const tries = instances.flatMap((on) =>
      [1, 2, 3, 4].map((n) => set(on, 'raced', String(n), { ifMatch: [version] })),
    )
    const outcomes = await Promise.allSettled(tries)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(new Set(reasons)).toEqual(new Set(['precondition_failed']))
    const operator = instances[0].azure.vault(`https://${local.account}-main.vault.azure.net`)
    expect(await operator.versions('raced')).toHaveLength(2)
  })

  it('8 creators on 2 instances with If-None-Match: *: exactly one creates', async () => {
    const instances = [secretsOn(local), secretsOn(local)]
    const tries = instances.flatMap((on) =>
      [1, 2, 3, 4].map((n) => set(on, 'created', String(n), { ifNoneMatch: '*' })),
    )
    const outcomes = await Promise.allSettled(tries)
    expect(outcomes.filter((one) => one.status === 'fulfilled' && one.value.created)).toHaveLength(1)
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(7)
  })

  it('409 conflict while another writer holds the claim; a dead writer’s claim ends by itself', async () => {
    const on = secretsOn(local)
    const claim = { partitionKey: 'main', rowKey: '_claim|held', owner: 'somebody', until: on.now() + 60_000 }
    await on.state.insert(claim)
    await expect(set(on, 'held', 'v')).rejects.toMatchObject({ code: 'conflict', reason: 'write_in_progress' })
    on.pass(61)
    expect(await set(on, 'held', 'v')).toMatchObject({ created: true })
    expect(await on.state.get('main', '_claim|held')).toBeUndefined()
  })

  it('a failed write gives its claim back, records its failure and drops what is cached', async () => {
    const on = secretsOn(local)
    await set(on, 'failing', 'old')
    await on.read('failing')
    await control.fault({ kind: 'lose-answer', operation: 'setSecret', times: 2 })
    await expect(set(on, 'failing', 'new')).rejects.toMatchObject({ code: 'vault_unavailable' })
    await control.clear()
    expect(on.entries.at(-1)).toMatchObject({ kind: 'result', outcome: 'failed', reason: 'vault_unreachable' })
    expect(await on.read('failing')).toMatchObject({ value: 'new' })
    expect(await set(on, 'failing', 'newer')).toMatchObject({ created: false })
  })

  it('409 conflict: what waited too long behind other writers of the secret is not written (T11)', async () => {
    const on = secretsOn(local)
    await control.fault({ kind: 'delay', delayMs: 1_200, operation: 'setSecret', times: 9 })
    const outcomes = await Promise.allSettled([1, 2, 3, 4, 5, 6].map((n) => set(on, 'queued', String(n))))
    await control.clear()
    const late = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.reason] : []))
    expect(new Set(late)).toEqual(new Set(['write_in_progress']))
    const operator = on.azure.vault(`https://${local.account}-main.vault.azure.net`)
    expect(await operator.versions('queued')).toHaveLength(6 - late.length)
  })

  it('a change that was made is no failure when the stage cannot be told afterwards', async () => {
    const on = secretsOn(local)
    const { version } = await set(on, 'unstaged', 'v')
    const ref = { vault: 'main', name: 'unstaged' }
    const grant = await on.admit('secret:disable', ref)
    await control.fault({ kind: 'fail', status: 500, operation: 'getSecret', times: 9 })
    const changed = await on.secrets.setEnabled({ grant, ref }, { version, enabled: false })
    await control.clear()
    expect(changed).toMatchObject({ version, enabled: false })
    expect(changed.stage).toBeUndefined()
    expect(on.entries.at(-1)).toMatchObject({ kind: 'result', outcome: 'ok' })
  })

  it('a grant serves one write, of its own secret', async () => {
    const on = secretsOn(local)
    const ref = { vault: 'main', name: 'granted' }
    const what = { secret: { value: new Secret('v') }, precondition: {} }
    const grant = await on.admit('secret:set', ref)
    const other = { vault: 'main', name: 'other' }
    await expect(on.secrets.set({ grant, ref: other }, what)).rejects.toMatchObject({ reason: 'grant_for_another_act' })
    await on.secrets.set({ grant, ref }, what)
    await expect(on.secrets.set({ grant, ref }, what)).rejects.toMatchObject({ reason: 'grant_spent_twice' })
    const reader = await on.admit('secret:get', ref)
    await expect(on.secrets.set({ grant: reader, ref }, what)).rejects.toMatchObject({
      reason: 'grant_for_another_act',
    })
  })

  it('If-Match: * holds for a secret whose versions are all disabled, an entity tag does not', async () => {
    const on = secretsOn(local)
    const { version } = await set(on, 'off', 'v')
    const ref = { vault: 'main', name: 'off' }
    const grant = await on.admit('secret:disable', ref)
    expect(await on.secrets.setEnabled({ grant, ref }, { version, enabled: false })).toMatchObject({
      enabled: false,
      stage: 'retired',
    })
    await expect(set(on, 'off', 'w', { ifMatch: [version] })).rejects.toMatchObject({ code: 'precondition_failed' })
    await expect(set(on, 'off', 'w', { ifNoneMatch: '*' })).rejects.toMatchObject({ code: 'precondition_failed' })
    expect(await set(on, 'off', 'w', { ifMatch: '*' })).toMatchObject({ created: false })
  })
})
