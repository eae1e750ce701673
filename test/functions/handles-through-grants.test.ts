import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grant } from '../../functions/grant.ts'
import { grantDelegations } from '../../functions/grant-delegations.ts'
import { grants } from '../../functions/grants.ts'
import { handle } from '../../functions/handle.ts'
import { handleRedemption } from '../../functions/handle-redemption.ts'
import { handles } from '../../functions/handles.ts'
import { secret } from '../../functions/secret.ts'
import type { GatewayResponse } from '../../shared/http/endpoint.ts'
import { entraId } from '../support/principal-id.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import type { Caller } from '../support/tenant.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>

const VALUE = 'canary-gr4nt'
const MASK = { actions: ['handle:create', 'secret:get'], resources: ['secret/main/stripe-*'], ttl: '10m' }

/** A seeded caller, or the credential of a grant. */
type Who = { caller: Caller } | { credential: string }

const call = (endpoint: Parameters<typeof on.call>[0], who: Who, request: Parameters<typeof on.call>[2]) =>
  'caller' in who
    ? on.call(endpoint, who.caller, request)
    : on.call(endpoint, undefined, { ...request, headers: { authorization: `Bearer ${who.credential}` } })
const bodyOf = ({ json }: GatewayResponse) => json as Record<string, string>
const root = { caller: 'billing-app' } as const

async function open(more: object = {}): Promise<{ id: string; credential: string }> {
  const answer = await on.call(grants, 'billing-app', { method: 'POST', body: { ...MASK, ...more } })
  expect(answer, JSON.stringify(answer.json)).toMatchObject({ status: 201 })
  return answer.json as { id: string; credential: string }
}
const make = (who: Who, wish: object = {}) =>
  call(handles, who, { method: 'POST', body: { vault: 'main', name: 'stripe-key', ...wish } })
const redeem = (who: Who, id = '') => call(handleRedemption, who, { method: 'POST', params: { id }, body: {} })
const entriesOf = async ({ headers }: GatewayResponse) => {
  const txn = headers?.['X-Sallyport-Txn']
  return (await on.journal()).filter((entry) => 'txn' in entry && entry.txn === txn)
}

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('makes', 'billing-app', ['secret-user', 'handle-maker', 'grant-opener'], ['secret/main/**']),
    statement('glass', 'orders-app', ['secret-user', 'handle-maker', 'grant-opener'], ['secret/main/stripe-*'], {
      breakGlass: true,
    }),
  ])
  for (const name of ['stripe-key', 'other-key']) {
    const params = { vault: 'main', name }
    await on.call(secret, 'deploy-app', { method: 'PUT', params, body: { value: VALUE } })
  }
}, 60_000)
afterAll(() => on.gateway.close())

describe('a handle that was made through a grant', () => {
  it('takes one use, when it is made; the same grant redeems it without another', async () => {
    const grantOnce = await open({ maxUses: 1 })
    const made = await make(grantOnce)
    expect(made.status).toBe(201)
    expect(await make(grantOnce)).toMatchObject({ status: 403, json: { code: 'uses_exhausted' } })
    expect(await redeem(grantOnce, bodyOf(made)['id'])).toMatchObject({ status: 200, json: { value: VALUE } })
    expect(await redeem(grantOnce, bodyOf(made)['id'])).toMatchObject({ status: 410 })
  })

  it('stands in the journal with its chain, also when somebody else redeems it', async () => {
    const opened = await open()
    const made = await make(opened, { redeemer: entraId('stranger') })
    const answer = await redeem({ caller: 'stranger' }, bodyOf(made)['id'])
    expect(answer.status).toBe(200)
    const txn = answer.headers?.['X-Sallyport-Txn']
    const entries = (await on.journal()).filter((entry) => 'txn' in entry && entry.txn === txn)
    expect(entries[0]).toMatchObject({ grantChain: [opened.id], presenter: entraId('stranger') })
  })

  it('403 access_denied: it dies with the grant, for whoever may redeem it (T11)', async () => {
    const opened = await open()
    const mine = bodyOf(await make(opened))['id']
    const theirs = bodyOf(await make(opened, { redeemer: entraId('stranger') }))['id']
    expect(await on.call(grant, 'billing-app', { method: 'DELETE', params: { id: opened.id } })).toMatchObject({
      status: expect.toSatisfy((status: number) => status < 300),
    })
    for (const answer of [await redeem(root, mine), await redeem({ caller: 'stranger' }, theirs)]) {
      expect(answer).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    }
    const refusals = (await on.journal()).flatMap((entry) => ('refusal' in entry ? [entry.refusal] : []))
    expect(refusals.filter((reason) => reason === 'grant_revoked')).toHaveLength(2)
  })

  it('403 access_denied: it dies with an ancestor of the grant, too (T13)', async () => {
    const parent = await open()
    const asked = { method: 'POST', params: { id: parent.id }, body: MASK }
    const delegated = await call(grantDelegations, parent, asked)
    expect(delegated, JSON.stringify(delegated.json)).toMatchObject({ status: 201 })
    const child = delegated.json as { id: string; credential: string }
    const made = bodyOf(await make(child, { redeemer: entraId('stranger') }))['id']
    await on.call(grant, 'billing-app', { method: 'DELETE', params: { id: parent.id } })
    expect(await redeem({ caller: 'stranger' }, made)).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    const refusals = (await on.journal()).flatMap((entry) => ('refusal' in entry ? [entry.refusal] : []))
    expect(refusals).toContain('grant_ancestor_revoked')
  })

  it('of an emergency: what it delivers is noted as read, to be rotated afterwards', async () => {
    const said = { 'x-sallyport-ticket': 'INC-1', 'x-sallyport-reason': 'outage' }
    const body = { ...MASK, breakGlass: true }
    const opened = await on.call(grants, 'orders-app', { method: 'POST', body, headers: said })
    expect(opened, JSON.stringify(opened.json)).toMatchObject({ status: 201 })
    const { id = '', credential = '' } = bodyOf(opened)
    const headers = { ...said, authorization: `Bearer ${credential}` }
    const wish = { vault: 'main', name: 'stripe-key' }
    const made = await on.call(handles, undefined, { method: 'POST', body: wish, headers })
    expect(made, JSON.stringify(made.json)).toMatchObject({ status: 201 })
    const redemption = { method: 'POST', params: { id: bodyOf(made)['id'] ?? '' }, body: {}, headers }
    expect(await on.call(handleRedemption, undefined, redemption)).toMatchObject({ status: 200 })
    const noted: unknown[] = []
    for await (const row of on.azure.table('subscriptions').list({ partitionKey: 'open' })) {
      if (row['event'] === 'breakglass.read') noted.push(JSON.parse(String(row['item'])))
    }
    expect(noted).toEqual([expect.objectContaining({ grant: id, resource: 'secret/main/stripe-key' })])
  })

  it('ends with the grant at the latest', async () => {
    const opened = await open({ ttl: '1m' })
    const { expires = '' } = bodyOf(await make(opened, { ttl: '1h' }))
    expect(Date.parse(expires) - Date.now()).toBeLessThanOrEqual(60_000)
  })
})

describe('whoever comes through a grant', () => {
  it('403 access_denied: redeems no handle of its root for what the grant does not cover, and sees none', async () => {
    const opened = await open()
    const id = bodyOf(await make(root, { name: 'other-key' }))['id'] ?? ''
    expect(await redeem(opened, id)).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    expect(await call(handle, opened, { params: { id } })).toMatchObject({ status: 403 })
    expect(await redeem(root, id)).toMatchObject({ status: 200 })
  })

  it('takes a use for a handle that was not made through that grant', async () => {
    const opened = await open({ maxUses: 1 })
    const ids = [bodyOf(await make(root))['id'], bodyOf(await make(root))['id']]
    expect(await redeem(opened, ids[0])).toMatchObject({ status: 200 })
    expect(await redeem(opened, ids[1])).toMatchObject({ status: 403, json: { code: 'uses_exhausted' } })
    expect(await redeem(root, ids[1])).toMatchObject({ status: 200 })
  })

  it('200: looks at a handle for a secret that the grant covers; takes no use, and its chain is recorded', async () => {
    const opened = await open({ maxUses: 1 })
    const id = bodyOf(await make(root))['id'] ?? ''
    const looked = await call(handle, opened, { params: { id } })
    expect(looked).toMatchObject({ status: 200, json: { redeemed: false } })
    expect((await entriesOf(looked))[0]).toMatchObject({ kind: 'intent', grantChain: [opened.id] })
    expect(await redeem(opened, id)).toMatchObject({ status: 200 })
  })

  it('stands in the journal with its chain when it redeems what its root made another way', async () => {
    const opened = await open()
    const answer = await redeem(opened, bodyOf(await make(root))['id'])
    expect(answer.status).toBe(200)
    const [intent] = await entriesOf(answer)
    expect(intent).toMatchObject({ kind: 'intent', presenter: entraId('billing-app'), presenterChain: [opened.id] })
    expect(intent).not.toHaveProperty('grantChain')
  })

  it('403 access_denied: makes none with a grant that lacks handle:create', async () => {
    const opened = await open({ actions: ['secret:get'] })
    expect(await make(opened)).toMatchObject({ status: 403, json: { code: 'access_denied' } })
  })
})
