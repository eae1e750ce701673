import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grant } from '../../functions/grant.ts'
import { grantRenewals } from '../../functions/grant-renewals.ts'
import { secret } from '../../functions/secret.ts'
import { type Given, givenBy, grantCalls } from '../support/grant-calls.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'

const local = rig()
const clock = { ahead: 0 }
const now = () => Date.now() + clock.ahead
const advance = async (ms: number) => {
  clock.ahead += ms
  // As the poll would have done meanwhile.
  await on.gateway.policy.refresh()
}
let on: Awaited<ReturnType<typeof secretGateway>>
const { open, delegate, renew, read } = grantCalls(() => on)

const STRIPE = { actions: ['secret:get'], resources: ['secret/main/stripe-*'], ttl: '10m' }

const opened = async (more: object = {}) => givenBy(await open({ ...STRIPE, ...more }))
const reads = async ({ credential }: Pick<Given, 'credential'>) => (await read('stripe-api-key', credential)).status
const stateOf = async (id: string) => givenBy(await on.call(grant, 'security-officer', { params: { id } }))['state']
const openItems = async () => {
  const found: Record<string, unknown>[] = []
  for await (const { rowKey, item } of on.azure.table('subscriptions').list({ partitionKey: 'open' })) {
    found.push({ rowKey, ...JSON.parse(String(item)) })
  }
  return found
}

beforeAll(async () => {
  on = await secretGateway(
    local,
    [
      statement('deploys', 'deploy-app', ['secret-deployer'], ['secret/main/*']),
      { kind: 'role', name: 'opener-only', actions: ['grant:create'] },
      statement('stopped', 'orders-app', ['secret-reader', 'opener-only'], ['secret/main/stripe-*']),
      statement('no-more', 'orders-app', ['opener-only'], ['secret/main/stripe-api-key'], { effect: 'forbid' }),
    ],
    { now },
  )
  const put = { method: 'PUT', params: { vault: 'main', name: 'stripe-api-key' }, body: { value: 'kept' } }
  expect((await on.call(secret, 'deploy-app', put)).status).toBe(201)
}, 60_000)
afterAll(() => on.gateway.close())

describe('POST /v1/grants/{id}/renewals', () => {
  it('201: a new life of the same length, the next generation; the old credential is dead', async () => {
    const first = await opened({ maxUses: 3 })
    expect(await reads(first)).toBe(200)
    await advance(300_000)
    const answer = await renew(first)
    expect(answer.status).toBe(201)
    const second = givenBy(answer)
    expect(second).toMatchObject({ id: first.id, generation: 2, usesLeft: 2 })
    expect(Date.parse(second.expires) - now()).toBeGreaterThan(590_000)
    expect(Date.parse(second.expires) - now()).toBeLessThanOrEqual(600_000)
    expect([await reads(first), await reads(second)]).toEqual([401, 200])
    const entries = (await on.journal()).filter((entry) => 'grantChain' in entry && entry.grantChain?.[0] === first.id)
    expect(entries.map((entry) => 'decision' in entry && [entry.action, entry.decision.reason])).toContainEqual([
      'grant:create',
      'permitted',
    ])
  })

  it('403 grant_locked: an old credential; nobody can use the grant any more, and an item says so', async () => {
    const first = await opened()
    const second = givenBy(await renew(first))
    expect(await renew(first)).toMatchObject({ status: 403, json: { code: 'grant_locked' } })
    expect([await reads(first), await reads(second), await stateOf(first.id)]).toEqual([401, 401, 'locked'])
    const told = (await openItems()).filter((item) => item['grant'] === first.id)
    expect(told).toEqual([expect.objectContaining({ event: 'grant.locked', rowKey: `grant.locked|${first.id}` })])
    expect(await renew(second)).toMatchObject({ status: 403, json: { code: 'grant_locked' } })
    const denials = (await on.journal()).filter(
      (entry) => entry.kind === 'denial' && entry.grantChain?.includes(first.id) && entry.refusal === 'grant_cloned',
    )
    expect(denials.length).toBeGreaterThan(0)
    expect(on.lines).toContainEqual(expect.objectContaining({ event: 'grant.locked', grant: first.id }))
  })

  it('403 grant_locked: shown again and again it alarms once, and tells once, also after the item was delivered', async () => {
    const first = await opened()
    await renew(first)
    await renew(first)
    const rowKey = `grant.locked|${first.id}`
    const table = on.azure.table('subscriptions')
    const item = await table.get('open', rowKey)
    await table.remove('open', rowKey, item?.etag ?? '')
    for (let n = 0; n < 3; n++) expect(await renew(first)).toMatchObject({ json: { code: 'grant_locked' } })
    expect(await table.get('open', rowKey)).toBeUndefined()
    const alarms = on.lines.filter((line) => 'event' in line && line.event === 'grant.locked')
    expect(alarms.filter((line) => 'grant' in line && line.grant === first.id)).toHaveLength(1)
  })

  it('403 grant_locked: an old credential that has ended says the same', async () => {
    const first = await opened({ ttl: '60s' })
    await advance(50_000)
    const second = givenBy(await renew(first))
    await advance(30_000)
    expect(await reads(second)).toBe(200)
    expect(await renew(first)).toMatchObject({ status: 403, json: { code: 'grant_locked' } })
    expect(await reads(second)).toBe(401)
  })

  it('201: an honest retry under the same Idempotency-Key gets the same generation and locks nothing', async () => {
    const first = await opened()
    const key = { 'idempotency-key': 'lost-answer' }
    const second = givenBy(await renew(first, key))
    const again = givenBy(await renew(first, key))
    expect(again).toMatchObject({ generation: 2, expires: second.expires })
    expect(await reads(again)).toBe(200)
    const third = givenBy(await renew(second))
    expect(await renew(first, key)).toMatchObject({ status: 409, json: { code: 'idempotency_expired' } })
    expect(await reads(third)).toBe(200)
  })

  it('one of two renewals of one generation at once wins, and the grant is locked: two hold it', async () => {
    const first = await opened()
    const answers = await Promise.all([renew(first), renew(first), renew(first)])
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(await stateOf(first.id)).toBe('locked')
    for (const answer of answers.filter(({ status }) => status === 201)) expect(await reads(givenBy(answer))).toBe(401)
  })

  it('never locks, at once under one Idempotency-Key', async () => {
    const first = await opened()
    const key = { 'idempotency-key': 'twice-at-once' }
    const answers = await Promise.all([renew(first, key), renew(first, key)])
    expect(answers.map(({ status }) => status).sort()).toSatisfy(
      ([one, other]: number[]) => one === 201 && (other === 201 || other === 429),
    )
    const second = givenBy(answers.find(({ status }) => status === 201) ?? (await renew(first, key)))
    expect([await reads(second), await stateOf(first.id)]).toEqual([200, 'active'])
  })

  it('403 access_denied: a workload token, another grant’s credential; nothing is renewed', async () => {
    const [one, other] = [await opened(), await opened()]
    const plain = { method: 'POST', params: { id: one.id }, body: { generation: 1 } }
    expect(await on.call(grantRenewals, 'billing-app', plain)).toMatchObject({ status: 403 })
    expect(await renew({ ...one, credential: other.credential })).toMatchObject({ status: 403 })
    expect([await reads(one), await reads(other)]).toEqual([200, 200])
  })

  it('400 invalid_request: a generation that is not the credential’s is a mistake, no clone', async () => {
    const first = await opened()
    expect((await renew({ ...first, generation: 2 })).status).toBe(400)
    expect(await reads(first)).toBe(200)
  })

  it('never lives past the maximum after the root was validated, nor longer than its parent', async () => {
    const parent = await opened({ ttl: '20m' })
    const child = givenBy(await delegate(parent, { ...STRIPE, ttl: '15m' }))
    await advance(600_000)
    expect(givenBy(await renew(child)).expires).toBe(parent.expires)
    const long = await opened({ ttl: '8h' })
    await advance(3_600_000)
    expect(givenBy(await renew(long)).expires).toBe(long.expires)
    await advance(8 * 3_600_000)
    expect((await renew(long)).status).toBe(401)
  })
})
