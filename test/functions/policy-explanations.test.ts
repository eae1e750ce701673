import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { grants } from '../../functions/grants.ts'
import { policyExplanations } from '../../functions/policy-explanations.ts'
import { secret } from '../../functions/secret.ts'
import type { DecidedEntry } from '../../shared/audit/entry.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 90_000 })

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('night-only', 'orders-app', ['secret-reader'], ['secret/main/stripe-*'], {
      when: { time: { between: ['22:00', '23:00'], zone: 'UTC' }, purpose: ['settlement'] },
    }),
  ])
})
afterAll(() => on?.gateway.close())

const RESOURCE = 'secret/main/stripe-api-key'
const idOf = (who: Caller) => `entra:${directory.tenant}:${directory.app(who).objectId}`
const NOON = '2026-11-25T12:00:00Z'

async function explained(who: Caller, body: object) {
  const { status, json } = await on.call(policyExplanations, who, { method: 'POST', body })
  return { status, json: json as Record<string, unknown> & { statements?: { id: string; conditions: unknown[] }[] } }
}

describe('POST /v1/policy-explanations', () => {
  it('200: tells a caller its own claims and a code, and nothing about statements', async () => {
    const { status, json } = await explained('orders-app', {
      action: 'secret:get',
      resource: RESOURCE,
      context: { at: NOON },
    })
    expect(status).toBe(200)
    expect(json).toMatchObject({ principal: idOf('orders-app'), effect: 'deny', reason: 'no_permit' })
    expect(json['claims']).toMatchObject({ oid: directory.app('orders-app').objectId })
    expect(JSON.stringify(json)).not.toContain('night-only')
    expect(Object.keys(json).sort()).toEqual(
      [
        'principal',
        'kind',
        'issuer',
        'groups',
        'roles',
        'claims',
        'action',
        'resource',
        'context',
        'effect',
        'reason',
      ].sort(),
    )
  })

  it('403 access_denied: only operators ask about others, or about a request', async () => {
    const question = { action: 'secret:get', resource: RESOURCE }
    for (const body of [{ ...question, principal: idOf('billing-app') }, { instance: 'abc' }]) {
      expect(await explained('orders-app', body)).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    }
  })

  it('200: shows an operator every condition with expected and actual, and how fresh the set is', async () => {
    const { objectId } = directory.app('orders-app')
    const { json } = await explained('security-officer', {
      principal: { entra: { tenant: directory.tenant, objectId } },
      action: 'secret:get',
      resource: RESOURCE,
      context: { purpose: 'settlement', at: NOON },
    })
    expect(json).toMatchObject({ effect: 'deny', reason: 'no_permit', claimsFrom: { described: true } })
    expect(json.statements?.find(({ id }) => id === 'night-only')?.conditions).toEqual([
      {
        ...{ name: 'time', answer: 'no' },
        expected: expect.anything(),
        actual: { day: 'wed', time: '12:00', zone: 'UTC' },
      },
      { name: 'purpose', expected: ['settlement'], actual: 'settlement', answer: 'yes' },
    ])
    expect(json['policy']).toMatchObject({ state: 'ok', revision: 1, ageSeconds: expect.any(Number) })
  })

  it('200: takes the claims last seen of a principal from the journal; 404 not_found where there are none', async () => {
    const question = { action: 'secret:get', resource: RESOURCE, principal: idOf('billing-app') }
    await on.call(secret, 'billing-app', { params: { vault: 'main', name: 'stripe-api-key' } })
    const { json } = await explained('security-officer', question)
    expect(json).toMatchObject({ effect: 'permit', claimsFrom: { txn: expect.any(String) } })
    expect(json['principal']).toMatchObject({ id: idOf('billing-app'), claims: { tid: directory.tenant } })
    const unseen = await explained('security-officer', { ...question, principal: idOf('stranger') })
    expect(unseen).toMatchObject({ status: 404, json: { code: 'not_found' } })
  })

  it('200: explains a refusal by its instance, with what was recorded of it', async () => {
    const refused = await on.call(secret, 'deploy-app', { params: { vault: 'main', name: 'stripe-api-key' } })
    const { instance } = refused.json as { instance: string }
    const { json } = await explained('security-officer', { instance })
    expect(json).toMatchObject({
      effect: 'deny',
      reason: 'no_permit',
      resource: RESOURCE,
      recorded: { kind: 'denial', txn: instance, decision: { effect: 'deny', reason: 'no_permit' } },
      principal: { id: idOf('deploy-app') },
    })
    expect(await explained('security-officer', { instance: 'unknown' })).toMatchObject({ status: 404 })
  })

  it('200: says that policy permits it and the grant does not cover it', async () => {
    const body = { actions: ['secret:get'], resources: [RESOURCE], ttl: '5m' }
    const opened = await on.call(grants, 'billing-app', { method: 'POST', body })
    const { credential } = opened.json as { credential: string }
    const headers = { authorization: `Bearer ${credential}` }
    const question = { action: 'secret:get', resource: 'secret/main/stripe-webhook-secret' }
    const own = await on.call(policyExplanations, undefined, { method: 'POST', headers, body: question })
    expect(own.json).toMatchObject({ effect: 'deny', reason: 'outside_grant' })
    const params = { vault: 'main', name: 'stripe-webhook-secret' }
    const { instance } = (await on.call(secret, undefined, { params, headers })).json as { instance: string }
    const { json } = await explained('security-officer', { instance })
    expect(json).toMatchObject({
      reason: 'outside_grant',
      grant: { covers: false },
      statementIds: ['billing-reads-stripe'],
    })
  })

  it('records what an operator looked at, and nothing of what a caller asks about itself', async () => {
    const entries = (await on.journal()).filter((entry): entry is DecidedEntry => 'action' in entry)
    const asked = entries.filter(({ action }) => action === 'policy:explain')
    expect(asked.filter(({ kind }) => kind === 'denial')).toHaveLength(2)
    expect(asked.some(({ kind }) => kind === 'intent')).toBe(true)
    expect(asked.every(({ resource }) => resource === 'policy')).toBe(true)
  })

  it.each([
    { action: 'secret:get' },
    { action: 'secret:get', resource: RESOURCE, instance: 'x' },
    { action: 'secret:get', resource: 'secret/main/*' },
    { action: 'secret:get', resource: RESOURCE, principal: 'nobody' },
    { action: 'secret:get', resource: RESOURCE, principal: { entra: { tenant: directory.tenant }, oidc: {} } },
    { action: 'secret:get', resource: RESOURCE, context: { at: 'yesterday' } },
    { action: 'secret:fetch', resource: RESOURCE },
  ])('400 invalid_request: %j', async (body) => {
    expect(await explained('security-officer', body)).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
  })
})
