import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { handle } from '../../functions/handle.ts'
import { handleRedemption } from '../../functions/handle-redemption.ts'
import { handles } from '../../functions/handles.ts'
import { secret } from '../../functions/secret.ts'
import type { DecidedEntry, Entry } from '../../shared/audit/entry.ts'
import { entraId } from '../support/principal-id.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'
import type { Caller } from '../support/tenant.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>

const VALUE = 'canary-h4ndl3'
const UNKNOWN = '00000000-0000-4000-8000-000000000000'

const make = (who: Caller, wish: object = {}, headers: Record<string, string> = {}) =>
  on.call(handles, who, { method: 'POST', body: { vault: 'main', name: 'stripe-key', ...wish }, headers })
const made = async (who: Caller = 'billing-app', wish: object = {}) => {
  const answer = await make(who, wish)
  expect(answer, JSON.stringify(answer.json)).toMatchObject({ status: 201 })
  return (answer.json as { id: string }).id
}
const look = (who: Caller, id: string) => on.call(handle, who, { params: { id } })
const redeem = (who: Caller, id: string, body: object = {}) =>
  on.call(handleRedemption, who, { method: 'POST', params: { id }, body })
const put = (name: string, value: string) =>
  on.call(secret, 'deploy-app', { method: 'PUT', params: { vault: 'main', name }, body: { value } })

const decidedFor = async (txn: unknown): Promise<DecidedEntry[]> =>
  (await on.journal()).filter((entry): entry is DecidedEntry => isDecided(entry) && entry.txn.startsWith(String(txn)))
const isDecided = (entry: Entry): entry is DecidedEntry => entry.kind === 'intent' || entry.kind === 'denial'
const txnOf = ({ headers }: { headers?: Record<string, string> }) => headers?.['X-Sallyport-Txn']

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('makes', 'billing-app', ['secret-user', 'handle-maker'], ['secret/main/stripe-*']),
    statement('makes-only', 'reports-app', ['handle-maker'], ['secret/main/stripe-*']),
    statement('once', 'orders-app', ['secret-user', 'handle-maker'], ['secret/main/once-*'], {
      obligations: { oneTime: true, requireReason: true, maxTtl: '2m' },
    }),
  ])
  for (const name of ['stripe-key', 'once-key']) expect(await put(name, VALUE)).toMatchObject({ status: 201 })
}, 60_000)
afterAll(() => on.gateway.close())

describe('POST /v1/handles', () => {
  it('201: an id and an end, no value; both decisions stand in the journal and name the handle', async () => {
    const answer = await make('billing-app', { ttl: '1m' })
    const { id, expires } = answer.json as { id: string; expires: string }
    expect(answer).toMatchObject({ status: 201, json: { id, expires }, headers: { Location: `/v1/handles/${id}` } })
    expect(Date.parse(expires) - Date.now()).toBeLessThanOrEqual(60_000)
    const entries = await decidedFor(txnOf(answer))
    const reference = `handle:${id}`
    expect(entries.map(({ kind, action, handout }) => ({ kind, action, handout }))).toEqual(
      expect.arrayContaining([
        { kind: 'intent', action: 'handle:create', handout: { vault: 'main', name: 'stripe-key', reference } },
        {
          kind: 'intent',
          action: 'secret:get',
          handout: { vault: 'main', name: 'stripe-key', reference, version: expect.stringMatching(/^[0-9a-f]{32}$/) },
        },
      ]),
    )
    const row = await on.azure.table('handles').get(id, 'handle')
    expect(JSON.stringify([answer, entries, row])).not.toContain(VALUE)
  })

  it('403 access_denied: without handle:create, without secret:get; the same for a secret that does not exist (T20)', async () => {
    const answers = [
      await make('logic-app', { name: 'once-key' }),
      await make('reports-app'),
      await make('reports-app', { name: 'stripe-none' }),
      await make('stranger'),
      await make('stranger', { vault: 'nowhere' }),
    ]
    expect(new Set(answers.map(seen)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    const [, second] = answers
    const entries = await decidedFor(second && txnOf(second))
    expect(entries.map(({ kind, action }) => `${kind} ${action}`).sort()).toEqual([
      'denial secret:get',
      'intent handle:create',
    ])
  })

  it('404 secret_not_found, with permission: nobody waits for what is not there', async () => {
    expect(await make('billing-app', { name: 'stripe-none' })).toMatchObject({ json: { code: 'secret_not_found' } })
  })

  it('obligations of both hold: a reason, and maxTtl bounds the life of the handle', async () => {
    const wish = { name: 'once-key', ttl: '1h' }
    expect(await make('orders-app', wish)).toMatchObject({ status: 403, json: { code: 'reason_required' } })
    const answer = await make('orders-app', { ...wish, reason: 'month end' })
    expect(answer.status).toBe(201)
    const { expires } = answer.json as { expires: string }
    expect(Date.parse(expires) - Date.now()).toBeLessThanOrEqual(120_000)
  })

  it('the same handle for a repeat of the request (T42)', async () => {
    const headers = { 'idempotency-key': 'once-more' }
    const first = await make('billing-app', {}, headers)
    const second = await make('billing-app', {}, headers)
    expect(second.json).toEqual(first.json)
    expect(txnOf(second)).not.toBe(txnOf(first))
    const { id } = first.json as { id: string }
    expect(await redeem('billing-app', id)).toMatchObject({ status: 200 })
    expect(await make('billing-app', {}, headers)).toMatchObject({ status: 201, json: first.json as object })
    expect(await redeem('billing-app', id)).toMatchObject({ status: 410 })
  })
})

describe('POST /v1/handles/{id}/redeem', () => {
  it('200: the value once, then 410 handle_redeemed; the journal names handle, version and hash', async () => {
    const id = await made()
    const answer = await redeem('billing-app', id)
    expect(answer).toMatchObject({ status: 200, json: { vault: 'main', name: 'stripe-key', value: VALUE } })
    expect(answer.headers).toMatchObject({ 'Cache-Control': 'no-store', 'X-Sallyport-Receipt': expect.any(String) })
    const { version } = answer.json as { version: string }
    const [entry] = await decidedFor(txnOf(answer))
    expect(entry).toMatchObject({
      kind: 'intent',
      action: 'secret:get',
      resource: 'secret/main/stripe-key',
      handout: { version, reference: `handle:${id}`, valueHash: expect.stringMatching(/^[\w-]{43}$/) },
    })
    expect(entry).not.toHaveProperty('presenter')
    const again = await redeem('billing-app', id)
    expect(again).toMatchObject({ status: 410, json: { code: 'handle_redeemed' } })
    expect(await decidedFor(txnOf(again))).toMatchObject([{ kind: 'denial', refusal: 'handle_redeemed' }])
  })

  it('200: the named redeemer, decided for the maker and recorded as presenter; the maker does not get it', async () => {
    const redeemer = entraId('stranger')
    const id = await made('billing-app', { redeemer })
    expect(seen(await redeem('billing-app', id))).toBe(seen(await redeem('billing-app', UNKNOWN)))
    const answer = await redeem('stranger', id)
    expect(answer).toMatchObject({ status: 200, json: { value: VALUE } })
    expect(await decidedFor(txnOf(answer))).toMatchObject([
      { kind: 'intent', principal: { id: entraId('billing-app') }, presenter: redeemer },
    ])
  })

  it('403 access_denied: a handle of somebody else and one that does not exist are the same bytes, recorded', async () => {
    const id = await made()
    const answers = [await redeem('logic-app', id), await redeem('logic-app', UNKNOWN), await redeem('stranger', id)]
    expect(new Set(answers.map(seen)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    const [first] = answers
    const [entry] = await decidedFor(first && txnOf(first))
    expect(entry).toMatchObject({ kind: 'denial', principal: { id: entraId('logic-app') } })
    expect(await redeem('billing-app', id)).toMatchObject({ status: 200 })
  })

  it('403 handle_required on a direct read where a statement forces the handle; 200 by the handle', async () => {
    const params = { vault: 'main', name: 'once-key' }
    const headers = { 'x-sallyport-reason': 'month end' }
    const direct = await on.call(secret, 'orders-app', { params, headers })
    expect(direct).toMatchObject({ status: 403, json: { code: 'handle_required' } })
    const id = await made('orders-app', { name: 'once-key', reason: 'month end' })
    expect(await redeem('orders-app', id)).toMatchObject({ status: 403, json: { code: 'reason_required' } })
    expect(await redeem('orders-app', id, { reason: 'month end' })).toMatchObject({ status: 200 })
  })

  it('delivers what is current then, or the version that the maker asked for', async () => {
    const first = await put('stripe-moving', 'one')
    const { version } = first.json as { version: string }
    const [latest, pinned] = [
      await made('billing-app', { name: 'stripe-moving' }),
      await made('billing-app', { name: 'stripe-moving', version }),
    ]
    await put('stripe-moving', 'two')
    expect(await redeem('billing-app', latest)).toMatchObject({ json: { value: 'two' } })
    expect(await redeem('billing-app', pinned)).toMatchObject({ json: { value: 'one', version } })
  })
})

describe('GET /v1/handles/{id}', () => {
  it('200: who made it, when it ends and whether it was redeemed, for maker, redeemer and officer; it consumes nothing', async () => {
    const redeemer = entraId('stranger')
    const id = await made('billing-app', { redeemer })
    const view = { id, vault: 'main', name: 'stripe-key', maker: entraId('billing-app'), redeemer, redeemed: false }
    for (const who of ['billing-app', 'stranger', 'security-officer'] as const) {
      const answer = await look(who, id)
      expect(answer).toMatchObject({ status: 200, json: view })
      expect(await decidedFor(txnOf(answer))).toMatchObject([{ action: 'grant:read', resource: `grant/${id}` }])
    }
    await redeem('stranger', id)
    const after = { ...view, redeemed: true, redeemedBy: redeemer, redeemedAt: expect.stringMatching(/Z$/) }
    expect(await look('billing-app', id)).toMatchObject({ status: 200, json: after })
  })

  it('403 access_denied: another’s and an unknown one are the same bytes; 404 with the permission to see them all', async () => {
    const id = await made()
    const answers = [await look('stranger', id), await look('stranger', UNKNOWN), await look('logic-app', id)]
    expect(new Set(answers.map(seen)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    expect(await look('security-officer', UNKNOWN)).toMatchObject({ status: 404, json: { code: 'not_found' } })
  })
})
