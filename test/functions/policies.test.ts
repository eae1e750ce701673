import { beforeAll, describe, expect, it } from 'vitest'
import { policies } from '../../functions/policies.ts'
import { policy } from '../../functions/policy.ts'
import { policyApprovals } from '../../functions/policy-approvals.ts'
import { policyPlans } from '../../functions/policy-plans.ts'
import { secret } from '../../functions/secret.ts'
import { createGateway } from '../../shared/gateway.ts'
import { handle } from '../../shared/http/handle.ts'
import { gatewayRequest } from '../support/gateway-request.ts'
import { rig } from '../support/rig.ts'
import { type Call, secretGateway, seen, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

const local = rig()
let run: Awaited<ReturnType<typeof secretGateway>>

beforeAll(async () => {
  run = await secretGateway(local)
  return async () => run.gateway.close()
}, 60_000)

const at = (kind: string, id: string) => ({ kind, id })
const get = (who: Caller, kind: string, id: string, more: Call = {}) =>
  run.call(policy, who, { method: 'GET', params: at(kind, id), ...more })
const put = (who: Caller, document: { kind: string } & Record<string, unknown>, more: Call = {}) =>
  run.call(policy, who, {
    ...{ method: 'PUT', params: at(document.kind, String(document['id'] ?? document['name'])), body: { document } },
    ...more,
  })
const end = (who: Caller, kind: string, id: string, more: Call = {}) =>
  run.call(policy, who, { method: 'DELETE', params: at(kind, id), ...more })
const approve = (who: Caller, kind: string, id: string, body: object) =>
  run.call(policyApprovals, who, { method: 'POST', params: at(kind, id), body })

const role = (name: string, actions = ['secret:get']) => ({ kind: 'role', name, actions })
const STRIPE = { vault: 'main', name: 'stripe-api-key' }
const problem = (answer: { json?: unknown }) =>
  answer.json as { code: string; detail: string; sha256: string; errors: { pointer: string; detail: string }[] }

describe('GET /v1/policies', () => {
  it('200: pages of the documents in force, by kind, to who may read them', async () => {
    const first = await run.call(policies, 'security-officer', { query: 'limit=2&kind=role' })
    expect(first).toMatchObject({ status: 200, json: { revision: 1, value: [{ kind: 'role' }, { kind: 'role' }] } })
    const { nextLink } = first.json as { nextLink: string }
    const second = await run.call(policies, 'security-officer', { query: new URL(nextLink).search.slice(1) })
    expect(JSON.stringify(second.json)).not.toContain((first.json as { value: { id: string }[] }).value[0]?.id)
    expect(await run.call(policies, 'billing-app')).toMatchObject({ status: 403, json: { code: 'access_denied' } })
  })
})

describe('a document', () => {
  it('200, ETag, 304; 404 with permission, the same 403 as ever without', async () => {
    const found = await get('security-officer', 'statement', 'billing-reads-stripe')
    expect(found).toMatchObject({ status: 200, json: { manager: 'default', since: 1, document: { effect: 'permit' } } })
    const { ETag = '' } = found.headers ?? {}
    expect(ETag).toMatch(/^"[0-9a-f]{64}"$/)
    const again = { headers: { 'if-none-match': ETag } }
    expect(await get('security-officer', 'statement', 'billing-reads-stripe', again)).toMatchObject({ status: 304 })
    expect(await get('security-officer', 'statement', 'none')).toMatchObject({ status: 404 })
    const [there, missing] = [await get('billing-app', 'role', 'auditor'), await get('billing-app', 'role', 'none')]
    expect(seen(there)).toBe(seen(missing))
    expect(there.status).toBe(403)
  })

  it('201, then 200: is in force when the answer comes, by the way of an apply, under the API’s name', async () => {
    expect(await run.call(secret, 'stranger', { params: STRIPE })).toMatchObject({ status: 403 })
    const document = statement('stranger-reads', 'stranger', ['secret-reader'], ['secret/main/stripe-api-key'])
    const made = await put('platform-engineer', document)
    expect(made).toMatchObject({ status: 201, json: { kind: 'statement', id: 'stranger-reads', revision: 2 } })
    // Nothing stands in the vault: found missing, so it was permitted.
    expect(await run.call(secret, 'stranger', { params: STRIPE })).toMatchObject({ status: 404 })
    expect(await put('platform-engineer', document)).toMatchObject({ status: 200, json: { revision: 2 } })
    expect(await get('platform-engineer', 'statement', 'stranger-reads')).toMatchObject({ json: { manager: 'api' } })
    expect(await end('platform-engineer', 'statement', 'stranger-reads')).toMatchObject({ status: 204 })
    expect(await run.call(secret, 'stranger', { params: STRIPE })).toMatchObject({ status: 403 })
    const entries = (await run.journal()).filter((one) => 'handout' in one && one.handout?.reference)
    expect(JSON.stringify(entries)).toContain('policy:statement/stranger-reads@2')
  })

  it('412 precondition_failed: If-Match and If-None-Match of writes; nothing is changed', async () => {
    const made = await put('platform-engineer', role('tagged'), { headers: { 'if-none-match': '*' } })
    expect(made.status).toBe(201)
    const other = role('tagged', ['secret:list'])
    for (const headers of [{ 'if-none-match': '*' }, { 'if-match': '"other"' }]) {
      expect(await put('platform-engineer', other, { headers })).toMatchObject({ status: 412 })
      if ('if-match' in headers)
        expect(await end('platform-engineer', 'role', 'tagged', { headers })).toMatchObject({ status: 412 })
    }
    const headers = { 'if-match': made.headers?.['ETag'] ?? '' }
    expect(await put('platform-engineer', other, { headers })).toMatchObject({ status: 200 })
    expect(await end('platform-engineer', 'role', 'tagged', { headers })).toMatchObject({ status: 412 })
  })

  it('422 invalid_document: every fault at once with its pointer, of the document and of others; the good set stays', async () => {
    const bad = { ...statement('bad', 'stranger', ['nope'], ['secret//x']), expires: 'soon', x: 1 }
    const answer = await put('platform-engineer', bad)
    expect(answer).toMatchObject({ status: 422, json: { code: 'invalid_document' } })
    expect(
      problem(answer)
        .errors.map(({ pointer }) => pointer)
        .sort(),
    ).toEqual(['/expires', '/resources/0', '/x'])
    const elsewhere = await put('platform-engineer', role('a'), { params: at('role', 'b') })
    expect(problem(elsewhere).errors).toEqual([{ pointer: '', detail: expect.stringContaining('this address') }])
    const alone = await put('platform-engineer', statement('alone', 'stranger', ['nope'], ['policy']))
    expect(problem(alone).errors).toEqual([{ pointer: '/roles/0', detail: 'is not a role of this set' }])
    const needed = await end('platform-engineer', 'role', 'secret-reader')
    expect(needed.status).toBe(422)
    expect(problem(needed).errors[0]?.pointer).toMatch(/^\/statement\/[a-z-]+\/roles\/0$/)
    expect(await get('platform-engineer', 'role', 'secret-reader')).toMatchObject({ status: 200 })
  })

  it('403 access_denied before anything is looked at; 403 policy_api_off where the gateway only reads', async () => {
    expect(await put('billing-app', { kind: 'role' })).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    const config = local.config({ SALLYPORT_JOURNAL_DEADLINE_MS: '20000' })
    const gateway = createGateway({ ...config, policyApi: false }, { log: () => {} })
    const authorization = `Bearer ${await local.callerToken('platform-engineer')}`
    const ask = (method: string) =>
      handle(
        policy,
        gatewayRequest({
          ...{ method, path: '/v1/policies/role/x', params: at('role', 'x') },
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify({ document: role('x') }),
        }),
        gateway,
      )
    for (const method of ['PUT', 'DELETE']) {
      expect(await ask(method)).toMatchObject({ status: 403, json: { code: 'policy_api_off' } })
    }
    expect(await ask('GET')).toMatchObject({ status: 404 })
    await gateway.close()
  })

  it('one effect and one status under one Idempotency-Key (T42)', async () => {
    const headers = { 'idempotency-key': 'policy-1', 'if-none-match': '*' }
    const first = await put('platform-engineer', role('once'), { headers })
    const again = await put('platform-engineer', role('once'), { headers })
    expect([first.status, again.status]).toEqual([201, 201])
    expect(again.json).toEqual(first.json)
    expect(await put('platform-engineer', role('once', ['secret:set']), { headers })).toMatchObject({
      status: 422,
      json: { code: 'idempotency_mismatch' },
    })
  })

  it('of two writers at once both get in, one after the other, or are told to come again', async () => {
    const answers = await Promise.all(['r1', 'r2', 'r3', 'r4'].map((name) => put('platform-engineer', role(name))))
    for (const [index, { status, json }] of answers.entries()) {
      expect([201, 409]).toContain(status)
      const stands = await get('platform-engineer', 'role', `r${index + 1}`)
      expect(stands.status).toBe(status === 201 ? 200 : 404)
      if (status === 409) expect(json).toMatchObject({ code: 'conflict' })
    }
    expect(answers.some(({ status }) => status === 201)).toBe(true)
  })
})

describe('a change by which its writer would gain (T36)', () => {
  const own = (id: string) => statement(id, 'platform-engineer', ['secret-reader'], ['secret/main/*'])

  it('403 approval_required: with its SHA-256, and nothing is changed; passes when another principal approved it', async () => {
    const refused = await put('platform-engineer', own('mine'))
    expect(refused).toMatchObject({ status: 403, json: { code: 'approval_required' } })
    const { sha256, errors } = problem(refused)
    expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(errors).toEqual([{ pointer: '/statement/mine', detail: 'the statement is new' }])
    expect(await get('platform-engineer', 'statement', 'mine')).toMatchObject({ status: 404 })

    const word = { sha256, decision: 'approve', reason: 'asked for in ticket 7' }
    expect(await approve('platform-engineer', 'statement', 'mine', word)).toMatchObject({ status: 403 })
    expect(await approve('approver', 'statement', 'other', word)).toMatchObject({ status: 404 })
    const shown = await run.call(policyApprovals, 'approver', { params: at('statement', 'mine') })
    expect(shown.json).toMatchObject({ value: [{ sha256, act: 'put', state: 'pending', document: own('mine') }] })
    expect(await approve('approver', 'statement', 'mine', word)).toMatchObject({
      status: 200,
      json: { state: 'approved' },
    })
    expect(await approve('approver', 'statement', 'mine', word)).toMatchObject({ status: 200 })

    const another = { ...own('mine'), resources: ['secret/**'] }
    expect(await put('platform-engineer', another)).toMatchObject({ status: 403 })
    expect(await put('platform-engineer', own('mine'))).toMatchObject({ status: 201 })
    expect(await end('platform-engineer', 'statement', 'mine')).toMatchObject({ status: 204 })
    // Used up: the revision has moved.
    expect(await put('platform-engineer', own('mine'))).toMatchObject({ status: 403 })
  })

  it('403, 409: a denial stays one; an approval is worth nothing on another revision', async () => {
    const { sha256 } = problem(await put('platform-engineer', own('denied')))
    const word = { sha256, decision: 'deny', reason: 'no' }
    expect(await approve('approver', 'statement', 'denied', word)).toMatchObject({ status: 200 })
    expect(await approve('approver', 'statement', 'denied', { ...word, decision: 'approve' })).toMatchObject({
      status: 409,
    })
    expect(problem(await put('platform-engineer', own('denied'))).detail).toContain('denied')

    const late = problem(await put('platform-engineer', own('late'))).sha256
    expect(await put('platform-engineer', role('between'))).toMatchObject({ status: 201 })
    const stale = { sha256: late, decision: 'approve', reason: 'yes' }
    expect(await approve('approver', 'statement', 'late', stale)).toMatchObject({ status: 409 })
    expect(await put('platform-engineer', own('late'))).toMatchObject({ status: 403 })
  })

  it('403: by a role, a lifted forbid, an issuer, everybody', async () => {
    const gained = role('policy-viewer', ['policy:read', 'policy:explain', 'secret:get', 'audit:read'])
    expect(await put('platform-engineer', gained)).toMatchObject({ status: 403, json: { code: 'approval_required' } })
    const forbid = statement('no-audit', 'platform-engineer', ['policy-viewer'], ['policy'], { effect: 'forbid' })
    const time = { when: { time: { between: ['03:00', '03:01'], zone: 'UTC' } } }
    expect(await put('platform-engineer', { ...forbid, ...time })).toMatchObject({ status: 201 })
    expect(await end('platform-engineer', 'statement', 'no-audit')).toMatchObject({ status: 403 })
    const anyone = { ...own('anyone'), principals: [{ any: true, explicit: true }] }
    expect(await put('platform-engineer', anyone)).toMatchObject({ status: 403 })
    const issuer = {
      ...{ kind: 'issuer', name: 'mine', issuer: 'https://mine.example', audiences: ['api://sallyport'] },
      ...{ algorithms: ['RS256'], principal: 'oidc' },
    }
    expect(await put('platform-engineer', issuer)).toMatchObject({ status: 403 })
  })
})

describe('a rotation of what the gateway stands on (T24)', () => {
  it('422 with every field and why, by PUT and in a plan; another document may still be written', async () => {
    const gateway = directory.gatewayIdentity
    const settings = { tenant: directory.tenant, application: gateway?.objectId, clientId: gateway?.clientId }
    const common = { kind: 'rotation', name: 'own', secret: 'main/own', every: '30d', owner: 'team' }
    const document = { ...common, rotator: 'entra-app', settings }
    const refused = await put('platform-engineer', document)
    expect(refused).toMatchObject({ status: 422, json: { code: 'invalid_document' } })
    const told = problem(refused).errors.map(({ pointer, detail }) => `${pointer} ${detail.split(',')[0]}`)
    expect(told).toEqual(
      ['/settings/application', '/settings/clientId'].map((path) => `${path} is the gateway’s own identity`),
    )
    const planned = await run.call(policyPlans, 'security-officer', {
      ...{ method: 'POST', body: { documents: [document] } },
    })
    expect(planned.status).toBe(422)
    expect(problem(planned).errors.map(({ pointer }) => pointer)).toContain('/0/settings/clientId')
    const account = `/subscriptions/${directory.tenant}/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/${local.account}`
    const storage = { ...common, rotator: 'storage-key', settings: { account } }
    expect(problem(await put('platform-engineer', storage)).errors[0]?.pointer).toBe('/settings/account')
  })
})

describe('POST /v1/policy-plans', () => {
  it('200: what would change and be granted; 422 with every fault', async () => {
    const documents = [role('new'), statement('wide', 'stranger', ['new'], ['secret/**'])]
    const planned = await run.call(policyPlans, 'security-officer', { method: 'POST', body: { documents } })
    expect(planned.status).toBe(422)
    const { inForce } = await run.gateway.policyChanges.current()
    const kept = inForce.filter(({ manager }) => manager === 'default').map(({ text }) => JSON.parse(text))
    const answer = await run.call(policyPlans, 'security-officer', {
      ...{ method: 'POST', body: { documents: [...kept, ...documents] } },
    })
    expect(answer.status).toBe(200)
    const { changes, widenings } = answer.json as { changes: { state: string }[]; widenings: { document: string }[] }
    expect(changes.filter(({ state }) => state === 'create')).toHaveLength(2)
    expect(widenings.map(({ document }) => document)).toEqual(['statement/wide'])
    expect(await run.call(policyPlans, 'stranger', { method: 'POST', body: { documents } })).toMatchObject({
      status: 403,
    })
  })
})
