import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grant } from '../../functions/grant.ts'
import { secret } from '../../functions/secret.ts'
import { givenBy, grantCalls } from '../support/grant-calls.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>
const { open, delegate, read, revokeAll } = grantCalls(() => on)

const STRIPE = { actions: ['secret:get'], resources: ['secret/main/stripe-*'], ttl: '10m' }
const ONE = { ...STRIPE, resources: ['secret/main/stripe-api-key'], ttl: '5m' }
const NAMES = ['stripe-api-key', 'stripe-other', 'smtp-password']

const opened = async (more: object = {}) => givenBy(await open({ ...STRIPE, ...more }))
const usesOf = async (credential: string, tries: number) => {
  const answers = await Promise.all(Array.from({ length: tries }, () => read('stripe-api-key', credential)))
  return answers.filter(({ status }) => status === 200).length
}

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('deploys', 'deploy-app', ['secret-deployer'], ['secret/main/*']),
    statement('half', 'orders-app', ['secret-reader'], ['secret/main/stripe-*']),
    { kind: 'role', name: 'opener-only', actions: ['grant:create'] },
    statement('opens', 'orders-app', ['opener-only'], ['secret/main/stripe-*']),
  ])
  for (const name of NAMES) {
    const put = { method: 'PUT', params: { vault: 'main', name }, body: { value: `kept-${name}` } }
    expect((await on.call(secret, 'deploy-app', put)).status).toBe(201)
  }
}, 60_000)
afterAll(() => on.gateway.close())

describe('POST /v1/grants/{id}/delegations', () => {
  it('201: the part that lies within the grant, no longer than it lives; the child reads that and nothing else (T13)', async () => {
    const parent = await opened()
    const wish = { actions: ['secret:get', 'secret:set'], resources: ['secret/*/*-key', 'token/**'], ttl: '8h' }
    const answer = await delegate(parent, { ...wish, actions: [...wish.actions, 'token:issue'] })
    expect(answer.status).toBe(201)
    const child = givenBy(answer)
    expect(child).toMatchObject({
      usesLeft: null,
      expires: parent.expires,
      effective: { actions: ['secret:get'], resources: ['secret/main/stripe-*-key', 'secret/main/stripe-key'] },
    })
    expect((await read('stripe-api-key', child.credential)).status).toBe(200)
    expect((await read('stripe-other', child.credential)).status).toBe(403)
    const entries = (await on.journal()).filter(
      (entry) => 'grantChain' in entry && entry.grantChain?.at(-1) === child.id,
    )
    expect(entries.map((entry) => 'grantChain' in entry && entry.grantChain)).toContainEqual([parent.id, child.id])
    expect(JSON.stringify(await on.journal())).not.toContain(child.credential)
  })

  it('401: parent revoked, child refused on its next use; so is a grandchild (T13)', async () => {
    const parent = await opened()
    const child = givenBy(await delegate(parent, ONE))
    const grandchild = givenBy(await delegate(child, ONE))
    expect((await read('stripe-api-key', grandchild.credential)).status).toBe(200)
    const gone = { method: 'DELETE', params: { id: parent.id } }
    expect((await on.call(grant, 'billing-app', gone)).status).toBe(204)
    expect((await read('stripe-api-key', child.credential)).status).toBe(401)
    expect((await read('stripe-api-key', grandchild.credential)).status).toBe(401)
    expect((await delegate(child, ONE)).status).toBe(401)
  })

  it('409 conflict: a fifth grant in a chain (T14)', async () => {
    let last = await opened()
    for (let depth = 2; depth <= 4; depth++) last = givenBy(await delegate(last, ONE))
    expect((await read('stripe-api-key', last.credential)).status).toBe(200)
    expect(await delegate(last, ONE)).toMatchObject({ status: 409, json: { code: 'conflict' } })
  })

  it('takes a child’s uses out of the parent’s: together they never exceed (T12)', async () => {
    const parent = await opened({ maxUses: 10 })
    const child = givenBy(await delegate(parent, { ...ONE, maxUses: 6 }))
    expect(child.usesLeft).toBe(6)
    expect(await usesOf(child.credential, 10)).toBe(6)
    expect(await usesOf(parent.credential, 10)).toBe(4)
  }, 30_000)

  it('takes them out of a counter too, and all of a hundred', async () => {
    const big = await opened({ maxUses: 150 })
    expect(givenBy(await delegate(big, { ...ONE, maxUses: 149 })).usesLeft).toBe(149)
    expect(await usesOf(big.credential, 3)).toBe(1)
    const hundred = await opened({ maxUses: 100 })
    expect((await delegate(hundred, { ...ONE, maxUses: 100 })).status).toBe(201)
    expect(await usesOf(hundred.credential, 2)).toBe(0)
  }, 30_000)

  it('403 uses_exhausted: the last uses delegated twice at once, one wins (T12)', async () => {
    const parent = await opened({ maxUses: 5 })
    const answers = await Promise.all(Array.from({ length: 4 }, () => delegate(parent, { ...ONE, maxUses: 5 })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 403, 403, 403])
    expect(await usesOf(parent.credential, 2)).toBe(0)
  })

  it('400 invalid_request: no maxUses under a grant whose uses are counted', async () => {
    const parent = await opened({ maxUses: 5 })
    expect(await delegate(parent, ONE)).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
    expect(await usesOf(parent.credential, 6)).toBe(5)
  })

  it('201: the same Idempotency-Key makes one child and takes the uses once', async () => {
    const parent = await opened({ maxUses: 4 })
    const key = { 'idempotency-key': 'once' }
    const [first, again] = [
      await delegate(parent, { ...ONE, maxUses: 2 }, key),
      await delegate(parent, { ...ONE, maxUses: 2 }, key),
    ]
    expect([first.status, again.status, givenBy(again).id]).toEqual([201, 201, givenBy(first).id])
    expect(await usesOf(parent.credential, 4)).toBe(2)
  })

  it('403 access_denied: without grant:delegate for the root, whoever shows the credential', async () => {
    const parent = givenBy(await open(STRIPE, 'orders-app'))
    expect((await read('stripe-api-key', parent.credential)).status).toBe(200)
    expect(await delegate(parent, ONE)).toMatchObject({ status: 403, json: { code: 'access_denied' } })
  })

  it('403 access_denied: another grant’s credential, the same bytes for a grant that is none', async () => {
    const [one, other] = [await opened(), await opened()]
    const wrong = await delegate({ id: other.id, credential: one.credential }, ONE)
    expect(wrong).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    expect(seen(await delegate({ id: 'A'.repeat(32), credential: one.credential }, ONE))).toBe(seen(wrong))
  })

  it('leaves no living child when the parent is revoked while it delegates', async () => {
    const parent = await opened()
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: 6 }, () => delegate(parent, ONE))),
      revokeAll({ resourcePrefix: 'secret/main/stripe-api-key' }, 'security-officer'),
    ])
    for (const answer of answers.filter(({ status }) => status === 201)) {
      expect((await read('stripe-api-key', givenBy(answer).credential)).status).toBe(401)
    }
  })
})
