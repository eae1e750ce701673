import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grant } from '../../functions/grant.ts'
import { grants } from '../../functions/grants.ts'
import { secret } from '../../functions/secret.ts'
import { secretBatches } from '../../functions/secret-batches.ts'
import { whoami } from '../../functions/whoami.ts'
import type { GatewayResponse } from '../../shared/http/endpoint.ts'
import { athOf, type ProofKey, proofKey, proofOf } from '../support/dpop.ts'
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

describe('what comes through a grant', () => {
  it('200: a batch takes one use for each item that is permitted', async () => {
    const { id, credential } = bodyOf(await open({ ...STRIPE, maxUses: 3 }))
    const items = ['stripe-api-key', 'legacy-ftp', 'stripe-api-key'].map((name) => ({ vault: 'main', name }))
    const batch = () => on.call(secretBatches, undefined, { method: 'POST', body: { items }, ...by(credential) })
    const codes = async () => {
      const answers = bodyOf(await batch())['items'] as { value?: string; error?: { code: string } }[]
      return answers.map(({ value, error }) => (value === VALUE ? 'value' : error?.code)).toSorted()
    }
    expect(await codes()).toEqual(['access_denied', 'value', 'value'])
    expect(bodyOf(await one(id))).toMatchObject({ usesLeft: 1 })
    expect(await codes()).toEqual(['access_denied', 'uses_exhausted', 'value'])
  })

  it('401 invalid_token: a bound credential as Bearer, or with a proof of another key; 200 with the proof of its own', async () => {
    const [key, other] = [await proofKey(), await proofKey()]
    const token = await local.callerToken('billing-app')
    const proof = (by: ProofKey, method: string, path: string, ath: string) =>
      proofOf(by, {
        htm: method,
        htu: `${local.config().issuer}${path}`,
        iat: Math.floor(Date.now() / 1_000),
        ath: athOf(ath),
      })
    const headers = { authorization: `Bearer ${token}`, dpop: proof(key, 'POST', '/v1/grants', token) }
    const opened = await on.call(grants, undefined, { method: 'POST', body: STRIPE, headers })
    const { credential } = bodyOf(opened) as { credential: string }
    const params = { vault: 'main', name: 'stripe-api-key' }
    const shown = (by: ProofKey) => ({
      authorization: `DPoP ${credential}`,
      dpop: proof(by, 'GET', '/v1/secrets/main/stripe-api-key', credential),
    })
    expect((await get('stripe-api-key', credential)).status).toBe(401)
    expect((await on.call(secret, undefined, { params, headers: shown(other) })).status).toBe(401)
    expect((await on.call(secret, undefined, { params, headers: shown(key) })).status).toBe(200)
  })

  it('401 and the alarm grant.tampered, in log and journal: an edited row', async () => {
    const { id, credential } = bodyOf(await open(STRIPE))
    const table = on.azure.table('grants')
    const row = await table.get(String(id), 'grant')
    if (!row) throw new Error('no row')
    const { etag, ...rest } = row
    const status = String(rest['status']).replace('"generation":1', '"generation":0')
    await table.replace({ ...rest, status }, etag)
    expect((await get('stripe-api-key', credential)).status).toBe(401)
    expect((await one(id, 'GET', 'security-officer')).status).toBe(409)
    expect(on.lines).toContainEqual(expect.objectContaining({ event: 'grant.tampered', grant: id, what: 'seal' }))
    const isAlarm = (entry: object) => 'event' in entry && entry.event === 'grant.tampered'
    // Alarms follow: they are durable with the next entry that is.
    expect((await get('stripe-api-key', await local.callerToken('billing-app'))).status).toBe(200)
    expect((await on.journal()).filter(isAlarm).length).toBeGreaterThan(0)
  })
})
