import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grant } from '../../functions/grant.ts'
import { secret } from '../../functions/secret.ts'
import { givenBy, grantCalls } from '../support/grant-calls.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

const local = rig()
const clock = { ahead: 0 }
const now = () => Date.now() + clock.ahead
let on: Awaited<ReturnType<typeof secretGateway>>
const { open, delegate, revokeAll, read } = grantCalls(() => on)
const idOf = (who: Caller) => `entra:${directory.tenant}:${directory.app(who).objectId}`

const wishFor = (...resources: string[]) => ({ actions: ['secret:get'], resources, ttl: '10m' })
const opened = async (resource: string, who: Caller = 'billing-app') => givenBy(await open(wishFor(resource), who))
const stateOf = async ({ id }: { id: string }) =>
  givenBy(await on.call(grant, 'security-officer', { params: { id } }))['state']

beforeAll(async () => {
  on = await secretGateway(
    local,
    [
      statement('deploys', 'deploy-app', ['secret-deployer'], ['secret/main/*']),
      statement('wide', 'orders-app', ['grant-opener', 'secret-reader'], ['secret/main/**']),
    ],
    { now },
  )
  const put = { method: 'PUT', params: { vault: 'main', name: 'stripe-api-key' }, body: { value: 'kept' } }
  expect((await on.call(secret, 'deploy-app', put)).status).toBe(201)
}, 60_000)
afterAll(() => on.gateway.close())

describe('POST /v1/grant-revocations', () => {
  it('200: by principal, its grants and what it delegated, nobody else’s', async () => {
    const [one, two, other] = [
      await opened('secret/main/stripe-a*'),
      await opened('secret/main/stripe-*'),
      await opened('secret/main/stripe-*', 'orders-app'),
    ]
    const child = givenBy(await delegate(two, wishFor('secret/main/stripe-api-key')))
    const answer = await revokeAll({ principal: idOf('billing-app'), reason: 'left' }, 'security-officer')
    expect(answer).toMatchObject({ status: 200, json: { revoked: 3 } })
    expect((await read('stripe-api-key', child.credential)).status).toBe(401)
    expect(await Promise.all([one, two, child, other].map(stateOf))).toEqual([
      'revoked',
      'revoked',
      'revoked',
      'active',
    ])
    expect(await revokeAll({ principal: idOf('billing-app') }, 'security-officer')).toMatchObject({
      json: { revoked: 0 },
    })
  })

  it('200: by resource prefix, whole segments: whatever can reach something there, and nothing else', async () => {
    const reaching = [
      await opened('secret/main/stripe-api-key'),
      await opened('secret/main/stripe-*'),
      await opened('secret/main/**', 'orders-app'),
    ]
    const others = [await opened('secret/main/stripe-api-key2'), await opened('secret/main/stripe-api', 'orders-app')]
    const answer = await revokeAll({ resourcePrefix: 'secret/MAIN/Stripe-API-Key' }, 'security-officer')
    expect(answer.status).toBe(200)
    expect(await Promise.all(reaching.map(stateOf))).toEqual(['revoked', 'revoked', 'revoked'])
    expect(await Promise.all(others.map(stateOf))).toEqual(['active', 'active'])
    expect((await revokeAll({ resourcePrefix: 'secret/main' }, 'security-officer')).status).toBe(200)
    expect(await Promise.all(others.map(stateOf))).toEqual(['revoked', 'revoked'])
  })

  it('200: one’s own without a permit; 403 access_denied: another’s, a resource’s, one’s own through a grant', async () => {
    const mine = await opened('secret/main/stripe-*')
    for (const body of [{ principal: idOf('orders-app') }, { resourcePrefix: 'secret/main' }]) {
      expect(await revokeAll(body, 'billing-app')).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    }
    const through = { authorization: `Bearer ${mine.credential}` }
    expect((await revokeAll({ principal: idOf('billing-app') }, 'billing-app', through)).status).toBe(403)
    expect(await stateOf(mine)).toBe('active')
    expect((await revokeAll({ principal: idOf('billing-app') }, 'billing-app')).status).toBe(200)
    expect(await stateOf(mine)).toBe('revoked')
    const refused = (await on.journal()).filter((one) => one.kind === 'denial' && one.action === 'grant:revoke')
    expect(refused.length).toBeGreaterThanOrEqual(3)
  })

  it.each([
    [{}],
    [{ principal: 'entra:x', reason: 'y' }],
    [{ resourcePrefix: 'secret/*' }],
    [{ resourcePrefix: 'secret/main/' }],
    [{ resourcePrefix: '' }],
    [{ principal: idOf('orders-app'), resourcePrefix: 'secret' }],
  ])('400 invalid_request: %j', async (body) => {
    expect((await revokeAll(body, 'security-officer')).status).toBe(400)
  })
})

describe('expiring what is stale (S4)', () => {
  it('says of what has ended by its time that it has, once, and leaves everything else as it is', async () => {
    const [ended, gone, long] = [
      await opened('secret/main/stripe-*'),
      await opened('secret/main/stripe-*'),
      givenBy(await open({ ...wishFor('secret/main/stripe-*'), ttl: '8h' })),
    ]
    await on.call(grant, 'billing-app', { method: 'DELETE', params: { id: gone.id } })
    expect(await on.gateway.grants.expireStale()).toEqual({ expired: 0 })
    // Nine hours later, when the hour in which its longest life ends is over too.
    clock.ahead += 9 * 3_600_000 + 3_600_000
    await on.gateway.policy.refresh()
    const [one, two] = await Promise.all([on.gateway.grants.expireStale(), on.gateway.grants.expireStale()])
    expect(one.expired + two.expired).toBe(2)
    const { store } = on.gateway.grants
    const states = await Promise.all([ended, gone, long].map(async ({ id }) => store.read(id)))
    expect(states).toMatchObject([
      { status: { state: 'expired' } },
      { status: { state: 'revoked' } },
      { status: { state: 'expired' } },
    ])
    expect(await on.gateway.grants.expireStale()).toEqual({ expired: 0 })
  })
})
