import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { grants } from '../../functions/grants.ts'
import { introspect } from '../../functions/introspect.ts'
import { policyReplay } from '../../functions/policy-replay.ts'
import { policyReplays } from '../../functions/policy-replays.ts'
import { secret } from '../../functions/secret.ts'
import { secretBatches } from '../../functions/secret-batches.ts'
import { secrets } from '../../functions/secrets.ts'
import { tokens } from '../../functions/tokens.ts'
import type { Replay } from '../../shared/audit/replay/replay.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const local = rig()
const STRIPE = { vault: 'main', name: 'stripe-api-key' }
const idOf = (who: Caller) => `entra:${directory.tenant}:${directory.app(who).objectId}`
const LIVE = [
  statement('reason-asked', 'orders-app', ['secret-reader'], ['secret/main/reasoned'], {
    obligations: { requireReason: true },
  }),
]
let on: Awaited<ReturnType<typeof secretGateway>>
let examples: unknown[]

beforeAll(async () => {
  on = await secretGateway(local, LIVE)
  examples = await loadDocuments('local/seed/policies')
  const { value } = await (async () => {
    const vault = await local.operatorVault('main')
    await vault.setSecret('stripe-api-key', 'sk_test_x')
    return vault.setSecret('reasoned', 'v')
  })()
  if (!value) throw new Error('no secret')
  await traffic()
})
afterAll(() => on?.gateway.close())

/** Permits, denials, unmet obligations, missing things, lists, batches, tokens, the right of a holder, grants. */
async function traffic(): Promise<void> {
  for (const who of ['billing-app', 'billing-app', 'stranger', 'deploy-app'] as const) {
    await on.call(secret, who, { params: STRIPE })
  }
  await on.call(secret, 'billing-app', { params: { vault: 'main', name: 'stripe-none' } })
  const reasoned = { vault: 'main', name: 'reasoned' }
  await on.call(secret, 'orders-app', { params: reasoned })
  await on.call(secret, 'orders-app', { params: reasoned, headers: { 'x-sallyport-reason': 'month end' } })
  await on.call(secret, 'deploy-app', { method: 'PUT', params: STRIPE, body: { value: 'sk_test_y' } })
  await on.call(secrets, 'billing-app', { query: 'vault=main' })
  await on.call(secretBatches, 'billing-app', { method: 'POST', body: { items: [STRIPE, reasoned] } })
  const token = await on.call(tokens, 'billing-app', { method: 'POST', body: { target: 'ledger-api' } })
  await on.call(tokens, 'reports-app', { method: 'POST', body: { target: 'ledger-api' } })
  const form = new URLSearchParams({ token: String((token.json as { token?: string }).token) })
  await on.call(introspect, 'billing-app', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: String(form),
  })
  const body = { actions: ['secret:get'], resources: ['secret/main/stripe-api-key'], ttl: '5m' }
  const opened = await on.call(grants, 'billing-app', { method: 'POST', body })
  const { credential } = opened.json as { credential: string }
  const headers = { authorization: `Bearer ${credential}` }
  const within = await on.call(secret, undefined, { params: STRIPE, headers })
  const outside = await on.call(secret, undefined, {
    params: { vault: 'main', name: 'stripe-webhook-secret' },
    headers,
  })
  expect([opened.status, within.status, outside.status]).toEqual([201, 200, 403])
}

async function begin(documents: unknown[], headers: Record<string, string> = {}, who: Caller = 'security-officer') {
  return on.call(policyReplays, who, { method: 'POST', body: { documents, days: 1 }, headers })
}

const stand = (id: string) => on.call(policyReplay, 'security-officer', { params: { id } })

/** Of a run from its 202 to its end. */
async function replayed(documents: unknown[]): Promise<Replay> {
  const { status, json, headers } = await begin(documents)
  const { id } = json as { id: string }
  expect([status, headers?.['Location']]).toEqual([202, `https://gateway.sallyport.test/v1/policy-replays/${id}`])
  expect(headers?.['Retry-After']).toBe('2')
  await until(async () => (await stand(id)).status === 200)
  const { state, result } = (await stand(id)).json as { state: string; result: Replay }
  expect(state).toBe('done')
  return result
}

describe('POST /v1/policy-replays', () => {
  it('202, then 200: the live set over its own journal shows no difference', async () => {
    const result = await replayed([...examples, ...LIVE])
    expect(result).toMatchObject({ complete: true, inexact: 0, lists: 1 })
    expect([result.newlyDenied, result.newlyAllowed]).toEqual(Array(2).fill({ count: 0, differences: [], unlisted: 0 }))
    expect(result.entries).toBeGreaterThanOrEqual(16)
    expect(result.unchanged).toBe(result.entries - 1)
  })

  it('names what a proposed set would deny and allow, by principal and resource, with transactions to look at', async () => {
    const proposed = [
      ...examples,
      statement('no-more', 'billing-app', ['secret-reader'], ['secret/main/stripe-api-key'], { effect: 'forbid' }),
      statement('welcome', 'stranger', ['secret-reader'], ['secret/main/stripe-*']),
      statement('reason-asked', 'orders-app', ['secret-reader'], ['secret/main/reasoned']),
    ]
    const { newlyDenied, newlyAllowed } = await replayed(proposed)
    expect(newlyDenied.differences).toMatchObject([
      {
        principal: idOf('billing-app'),
        action: 'secret:get',
        resource: 'secret/main/stripe-api-key',
        ...{ was: 'permitted', becomes: 'forbidden', statements: ['no-more'], count: 4 },
        examples: [expect.any(String), expect.any(String), expect.any(String)],
      },
    ])
    const allowed = newlyAllowed.differences.map(({ principal, resource, was }) => [principal, resource, was])
    expect(allowed).toContainEqual([idOf('stranger'), 'secret/main/stripe-api-key', 'no_permit'])
    expect(allowed).toContainEqual([idOf('orders-app'), 'secret/main/reasoned', 'reason_required'])
    expect(newlyAllowed.count).toBe(2)
  })

  it('202: the same Idempotency-Key is the same replay', async () => {
    const key = { 'idempotency-key': 'replay-1' }
    const [first, second] = [await begin(examples, key), await begin(examples, key)]
    expect([first.status, second.status]).toEqual([202, 202])
    expect((second.json as { id: string }).id).toBe((first.json as { id: string }).id)
    await until(async () => (await stand((first.json as { id: string }).id)).status === 200)
  })

  it('422 invalid_document with a pointer per fault; 403 without policy:explain; 404 for none', async () => {
    const faulty = await begin([{ kind: 'role', name: 'X' }, { kind: 'probe' }])
    expect(faulty).toMatchObject({ status: 422, json: { code: 'invalid_document' } })
    const pointers = (faulty.json as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer)
    expect(pointers).toEqual(expect.arrayContaining(['/0/name', '/0/actions', '/1/cases']))
    expect((await begin(examples, {}, 'billing-app')).status).toBe(403)
    expect((await stand('00000000-0000-4000-8000-000000000000')).status).toBe(404)
  })
})
