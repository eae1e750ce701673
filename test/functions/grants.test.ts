import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grant } from '../../functions/grant.ts'
import { grants } from '../../functions/grants.ts'
import { secret } from '../../functions/secret.ts'
import { whoami } from '../../functions/whoami.ts'
import type { GatewayResponse } from '../../shared/http/endpoint.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'
import { directory } from '../support/tenant.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>

const VALUE = 'kept-b41c07'
const approver = `entra:${directory.tenant}:${directory.app('approver').objectId}`
const billing = `entra:${directory.tenant}:${directory.app('billing-app').objectId}`

const STRIPE = { actions: ['secret:get'], resources: ['secret/main/stripe-*'], ttl: '10m' }

const open = (body: object, who: Parameters<typeof on.call>[1] = 'billing-app', headers = {}) =>
  on.call(grants, who, { method: 'POST', body, headers })
const by = (credential: unknown) => ({ headers: { authorization: `Bearer ${credential}` } })
const get = (name: string, credential: unknown) =>
  on.call(secret, undefined, { params: { vault: 'main', name }, ...by(credential) })
const one = (id: unknown, method = 'GET', who: Parameters<typeof on.call>[1] = 'billing-app') =>
  on.call(grant, who, { method, params: { id: String(id) } })
const bodyOf = ({ json }: GatewayResponse) => json as Record<string, unknown>

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('deploys', 'deploy-app', ['secret-deployer'], ['secret/main/*']),
    statement('short', 'orders-app', ['grant-opener', 'secret-reader'], ['secret/main/**'], {
      obligations: { maxTtl: '2m' },
    }),
    statement('slow', 'logic-app', ['grant-opener', 'secret-user'], ['secret/main/slow-*'], {
      obligations: { approval: { count: 1, approvers: [approver] }, requireReason: true },
    }),
    statement('never', 'billing-app', ['secret-reader'], ['secret/main/stripe-never'], { effect: 'forbid' }),
  ])
  for (const name of ['stripe-api-key', 'stripe-never', 'slow-key']) {
    const answer = await on.call(secret, 'deploy-app', {
      method: 'PUT',
      params: { vault: 'main', name },
      body: { value: VALUE },
    })
    expect(answer.status).toBe(201)
  }
}, 60_000)
afterAll(() => on.gateway.close())

describe('POST /v1/grants', () => {
  it('201: the credential once, what it is good for and until when; it reads what it covers and nothing else', async () => {
    const answer = await open({ ...STRIPE, maxUses: 2, reason: 'settlement' })
    expect(answer.status).toBe(201)
    const { id, credential, expires, usesLeft, effective } = bodyOf(answer)
    expect({ usesLeft, effective }).toEqual({
      usesLeft: 2,
      effective: { actions: ['secret:get'], resources: ['secret/main/stripe-*'] },
    })
    expect(Date.parse(String(expires)) - Date.now()).toBeLessThanOrEqual(600_000)
    expect(bodyOf(await get('stripe-api-key', credential))).toMatchObject({ value: VALUE })
    expect((await get('legacy-ftp', credential)).status).toBe(403)
    // Live policy goes on deciding: a forbid within the pattern holds.
    expect((await get('stripe-never', credential)).status).toBe(403)
    expect((await get('stripe-api-key', credential)).status).toBe(200)
    expect(await get('stripe-api-key', credential)).toMatchObject({ status: 403, json: { code: 'uses_exhausted' } })
    expect(bodyOf(await one(id))).toMatchObject({ id, usesLeft: 0, maxUses: 2, state: 'active', principal: billing })
    expect(JSON.stringify(bodyOf(await one(id)))).not.toContain(String(credential))
    const entries = (await on.journal()).filter((entry) => JSON.stringify(entry).includes(String(id)))
    expect(entries.some((entry) => entry.kind === 'intent' && entry.action === 'grant:create')).toBe(true)
    expect(entries.some((entry) => entry.kind === 'intent' && entry.grantChain?.join() === id)).toBe(true)
    expect(JSON.stringify(entries)).not.toContain(String(credential))
  })

  it.each([
    ['more actions', { actions: ['secret:get', 'secret:set'] }],
    ['more resources', { resources: ['secret/main/stripe-*', 'secret/main/legacy-ftp'] }],
    ['a wider pattern', { resources: ['secret/main/*'] }],
    ['the rest of a segment that a permit holds to one', { resources: ['secret/main/**'] }],
    ['everything', { resources: ['**'] }],
    ['what a forbid takes', { resources: ['secret/main/stripe-never'] }],
  ])('403 access_denied: %s than a permit covers, and no grant is made', async (_, more) => {
    expect(await open({ ...STRIPE, ...more })).toMatchObject({ status: 403, json: { code: 'access_denied' } })
  })

  it('403 access_denied: nobody without grant:create, however much it may read itself', async () => {
    const body = { actions: ['secret:get'], resources: ['secret/main/stripe-api-key'], ttl: 60 }
    expect(await open(body, 'stranger')).toMatchObject({ status: 403, json: { code: 'access_denied' } })
  })

  it('403 access_denied: a grant opens no grant', async () => {
    const { credential } = bodyOf(await open(STRIPE))
    const answer = await on.call(grants, undefined, { method: 'POST', body: STRIPE, ...by(credential) })
    expect(answer).toMatchObject({ status: 403, json: { code: 'access_denied' } })
  })

  it('201: maxTtl of any permit caps the life', async () => {
    const { expires } = bodyOf(await open({ ...STRIPE, resources: ['secret/main/smtp-password'] }, 'orders-app'))
    expect(Date.parse(String(expires)) - Date.now()).toBeLessThanOrEqual(120_000)
  })

  it('201 pending where an approval is obliged to, and 403 approval_required until it has it; the reason is asked for', async () => {
    const body = { ...STRIPE, resources: ['secret/main/slow-key'] }
    expect(await open(body, 'logic-app')).toMatchObject({ status: 403, json: { code: 'reason_required' } })
    const answer = await open({ ...body, reason: 'incident 7' }, 'logic-app')
    expect(answer).toMatchObject({ status: 201, json: { state: 'pending' } })
    const refused = await get('slow-key', bodyOf(answer)['credential'])
    expect(refused).toMatchObject({ status: 403, json: { code: 'approval_required' } })
  })

  it('201: the same Idempotency-Key makes the same grant, once', async () => {
    const headers = { 'idempotency-key': 'same' }
    const [first, again] = [await open(STRIPE, 'billing-app', headers), await open(STRIPE, 'billing-app', headers)]
    expect([first.status, again.status, bodyOf(again)['id']]).toEqual([201, 201, bodyOf(first)['id']])
    expect((await get('stripe-api-key', bodyOf(again)['credential'])).status).toBe(200)
  })
})

describe('GET and DELETE /v1/grants/{id}', () => {
  it('204: its opener revokes it, and the next use is 401 invalid_token', async () => {
    const { id, credential } = bodyOf(await open(STRIPE))
    expect((await get('stripe-api-key', credential)).status).toBe(200)
    expect((await one(id, 'DELETE')).status).toBe(204)
    expect(await get('stripe-api-key', credential)).toMatchObject({ status: 401, json: { code: 'invalid_token' } })
    expect(bodyOf(await one(id))).toMatchObject({ state: 'revoked', ended: { by: billing } })
    expect((await one(id, 'DELETE')).status).toBe(204)
  })

  it('200, 204: whoever presents the credential, and takes no use by it', async () => {
    const { id, credential } = bodyOf(await open({ ...STRIPE, maxUses: 1 }))
    const mine = (method: string) =>
      on.call(grant, undefined, { method, params: { id: String(id) }, ...by(credential) })
    expect(bodyOf(await mine('GET'))).toMatchObject({ usesLeft: 1 })
    expect((await mine('DELETE')).status).toBe(204)
    expect((await mine('GET')).status).toBe(401)
  })

  it('403 access_denied: the same bytes for another’s grant and for none', async () => {
    const { id } = bodyOf(await open(STRIPE))
    const none = 'A'.repeat(32)
    for (const method of ['GET', 'DELETE']) {
      expect(seen(await one(id, method, 'orders-app'))).toBe(seen(await one(none, method, 'orders-app')))
      expect((await one(id, method, 'orders-app')).status).toBe(403)
    }
  })

  it('200, 204: an officer; 404 not_found for what is none', async () => {
    const { id, credential } = bodyOf(await open(STRIPE))
    expect((await one(id, 'GET', 'security-officer')).status).toBe(200)
    expect((await one('A'.repeat(32), 'GET', 'security-officer')).status).toBe(404)
    expect((await one(id, 'DELETE', 'security-officer')).status).toBe(204)
    expect((await get('stripe-api-key', credential)).status).toBe(401)
  })

  it('400 invalid_request: what is no id', async () => {
    expect((await one('short')).status).toBe(400)
  })
})

describe('GET /v1/grants', () => {
  const list = async (who: Parameters<typeof on.call>[1], query = '') =>
    bodyOf(await on.call(grants, who, { query })) as { value: { id: string; principal: string }[]; nextLink?: string }

  it('200: an opener sees its own alone, newest first, page by page', async () => {
    const { id } = bodyOf(await open(STRIPE))
    const whole = await list('billing-app', 'limit=200')
    expect(whole.value[0]?.id).toBe(id)
    expect(new Set(whole.value.map(({ principal }) => principal))).toEqual(new Set([billing]))
    const found: string[] = []
    for (let query: string | undefined = 'limit=3'; query !== undefined; ) {
      const page = await list('billing-app', query)
      found.push(...page.value.map((each) => each.id))
      query = page.nextLink && new URL(page.nextLink).search.slice(1)
    }
    expect(found).toEqual(whole.value.map((each) => each.id))
  })

  it('200: an officer sees everybody’s; a stranger none', async () => {
    const officers = await list('security-officer', 'limit=200')
    expect(new Set(officers.value.map(({ principal }) => principal)).size).toBeGreaterThan(1)
    expect((await list('stranger')).value).toEqual([])
  })
})

describe('GET /v1/whoami', () => {
  it('200: through a grant, the root, the chain, and what it may do within the grant alone', async () => {
    const { id, credential } = bodyOf(await open({ ...STRIPE, resources: ['secret/main/stripe-a*'] }))
    const answer = bodyOf(await on.call(whoami, undefined, by(credential)))
    expect(answer).toMatchObject({ principal: billing, grantChain: [id], authenticatedBy: { method: 'grant' } })
    expect(answer['permissions']).toEqual([
      {
        statement: 'billing-reads-stripe',
        actions: ['secret:get'],
        resources: ['secret/main/stripe-a*'],
        conditional: false,
      },
    ])
  })
})
