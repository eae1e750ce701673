import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { secret } from '../../functions/secret.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'

const local = rig()
const main = local.vaultControl('main')
let on: Awaited<ReturnType<typeof secretGateway>>

const CANARY = 'canary-d01f45'
const at = (name: string, vault = 'main') => ({ params: { vault, name } })
const get = (name: string, request = {}, who: Parameters<typeof on.call>[1] = 'billing-app') =>
  on.call(secret, who, { ...at(name), ...request })
const put = (name: string, body: unknown, headers: Record<string, string> = {}) =>
  on.call(secret, 'deploy-app', { method: 'PUT', ...at(name), body, headers })

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('any-secret', 'logic-app', ['secret-user'], ['secret/**']),
    statement('needs-reason', 'approver', ['secret-user'], ['secret/main/stripe-*'], {
      obligations: { requireReason: true, maxTtl: '1m' },
    }),
    statement('never-prod', 'logic-app', ['secret-user'], ['secret/main/prod-*'], { effect: 'forbid' }),
  ])
  expect((await put('stripe-api-key', { value: CANARY, tags: { owner: 'team-billing' } })).status).toBe(201)
  expect((await put('prod-key', { value: CANARY })).status).toBe(201)
})
afterAll(() => on.gateway.close())

describe('GET /v1/secrets/{vault}/{name}', () => {
  it('200: the value with its ETag and receipt, never stored; the journal names version and hash, not the value', async () => {
    const answer = await get('stripe-api-key')
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
        'Cache-Control': 'no-store',
        'X-Sallyport-Receipt': expect.stringMatching(/^[^;]+;\d+;/),
      },
      json: { vault: 'main', name: 'stripe-api-key', value: CANARY, stage: 'current', tags: { owner: 'team-billing' } },
    })
    const { version } = answer.json as { version: string }
    const entries = await on.journal()
    const txn = answer.headers?.['X-Sallyport-Txn']
    expect(entries.find((entry) => 'txn' in entry && entry.txn === txn)).toMatchObject({
      kind: 'intent',
      action: 'secret:get',
      resource: 'secret/main/stripe-api-key',
      handout: { vault: 'main', name: 'stripe-api-key', version, valueHash: expect.stringMatching(/^[\w-]{43}$/) },
    })
    expect(JSON.stringify([entries, on.lines])).not.toContain(CANARY)
  })

  it('403 access_denied: missing, forbidden and unknown vault are the same bytes without permission (T20)', async () => {
    await main.clear()
    const answers = [
      await get('stripe-api-key', {}, 'stranger'),
      await get('no-such-secret', {}, 'stranger'),
      await on.call(secret, 'stranger', at('stripe-api-key', 'nowhere')),
      await get('orders-db-password'),
      await get('no-such-secret'),
      await get('stripe-api-key', { query: `version=${'0'.repeat(32)}` }, 'stranger'),
    ]
    expect(new Set(answers.map(seen)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    expect(await main.counts()).toEqual({})
  })

  it('404 secret_not_found: with permission a missing secret, version and vault are the same bytes', async () => {
    const answers = [
      await get('stripe-none'),
      await get('stripe-api-key', { query: `version=${'0'.repeat(32)}` }),
      await on.call(secret, 'logic-app', at('stripe-api-key', 'nowhere')),
    ]
    expect(new Set(answers.map(seen)).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 404, json: { code: 'secret_not_found' } })
  })

  it('403 access_denied: another spelling of a forbidden name is the same name (Key Vault ignores case)', async () => {
    for (const name of ['prod-key', 'PROD-KEY', 'Prod-Key']) {
      expect(await get(name, {}, 'logic-app')).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    }
    expect(await get('STRIPE-api-key')).toMatchObject({ status: 200, json: { name: 'stripe-api-key', value: CANARY } })
  })

  it.each(['.', '..', '%2e%2e', 'a/b', 'a%2Fb', 'ä', 'x'.repeat(128), '', 'a b', 'a_b', 'a\u0000'])(
    '400 invalid_request for everybody, and 0 calls: the name %j (T17)',
    async (name) => {
      await main.clear()
      const answers = [await get(name), await get(name, {}, 'stranger')]
      expect(new Set(answers.map(seen)).size).toBe(1)
      expect(answers[0]).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
      expect(await main.counts()).toEqual({})
    },
  )

  it.each([
    'version=.',
    'version=x',
    'wait=26',
    'wait=-1',
    'wait=a',
    'wait=',
    'x=1',
    `version=${'0'.repeat(32)}&wait=1`,
    'wait=1&wait=1',
  ])('400 invalid_request: the query %s', async (query) => {
    expect(await get('stripe-api-key', { query })).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
  })

  it('401: no token, and a token that is none', async () => {
    expect(await on.call(secret, undefined, at('stripe-api-key'))).toMatchObject({ status: 401 })
    expect(await get('stripe-api-key', { headers: { authorization: 'Bearer x' } })).toMatchObject({ status: 401 })
  })

  it('405: a method nobody has', async () => {
    expect(await get('stripe-api-key', { method: 'DELETE' })).toMatchObject({
      status: 405,
      headers: { Allow: 'GET, PUT' },
    })
  })

  it('403 reason_required, then 200 within the policy’s maxTtl', async () => {
    expect(await get('stripe-api-key', {}, 'approver')).toMatchObject({
      status: 403,
      json: { code: 'reason_required' },
    })
    const answer = await get('stripe-api-key', { headers: { 'x-sallyport-reason': 'a test' } }, 'approver')
    const { handedOutUntil } = answer.json as { handedOutUntil: string }
    expect(Date.parse(handedOutUntil) - Date.now()).toBeLessThanOrEqual(60_000)
  })
})

describe('If-None-Match', () => {
  it.each(['ETAG', 'W/ETAG', '"x", ETAG', '*'])('304 without a body, journaled: %s', async (header) => {
    const etag = String((await get('stripe-api-key')).headers?.['ETag'])
    const answer = await get('stripe-api-key', { headers: { 'if-none-match': header.replace('ETAG', etag) } })
    expect(answer).toMatchObject({ status: 304, headers: { ETag: etag, 'X-Sallyport-Receipt': expect.anything() } })
    expect(answer.json).toBeUndefined()
  })

  it('200 for another version, 400 for what is no entity tag', async () => {
    expect(await get('stripe-api-key', { headers: { 'if-none-match': '"old"' } })).toMatchObject({ status: 200 })
    expect(await get('stripe-api-key', { headers: { 'if-none-match': 'old' } })).toMatchObject({ status: 400 })
  })
})

describe('PUT /v1/secrets/{vault}/{name}', () => {
  it('201 then 200: metadata and ETag, never the value', async () => {
    const body = { value: CANARY, contentType: 'text/plain', expires: '2030-01-01T00:00:00Z', tags: { a: 'b' } }
    const created = await put('written', body)
    expect(created).toMatchObject({
      status: 201,
      headers: { ETag: expect.stringMatching(/^"[0-9a-f]{32}"$/) },
      json: {
        vault: 'main',
        name: 'written',
        enabled: true,
        stage: 'current',
        contentType: 'text/plain',
        expires: '2030-01-01T00:00:00.000Z',
        tags: { a: 'b' },
      },
    })
    const again = await put('written', { value: 'other' })
    expect(again.status).toBe(200)
    expect(again.headers?.['ETag']).not.toBe(created.headers?.['ETag'])
    expect(JSON.stringify([created, again, on.lines, await on.journal()])).not.toContain(CANARY)
  })

  it('412: If-Match of an old version, If-None-Match: * of what exists, If-Match of what does not', async () => {
    const first = await put('guarded', { value: '1' }, { 'if-none-match': '*' })
    expect(first.status).toBe(201)
    const etag = String(first.headers?.['ETag'])
    expect((await put('guarded', { value: '2' }, { 'if-none-match': '*' })).status).toBe(412)
    const second = await put('guarded', { value: '2' }, { 'if-match': etag })
    expect(second.status).toBe(200)
    expect((await put('guarded', { value: '3' }, { 'if-match': etag })).status).toBe(412)
    expect((await put('guarded', { value: '3' }, { 'if-match': `W/${second.headers?.['ETag']}` })).status).toBe(412)
    expect((await put('guarded', { value: '3' }, { 'if-match': '*' })).status).toBe(200)
    expect((await put('nothing-yet', { value: '1' }, { 'if-match': '*' })).status).toBe(412)
  })

  it('403: reading does not follow from writing, nor writing from reading', async () => {
    expect(await get('written', {}, 'deploy-app')).toMatchObject({ status: 403 })
    const body = { value: 'x' }
    expect(await on.call(secret, 'billing-app', { method: 'PUT', ...at('stripe-api-key'), body })).toMatchObject({
      status: 403,
    })
  })

  it.each([
    [{}, 'value'],
    [{ value: '' }, 'value'],
    [{ value: 5 }, 'value'],
    [{ value: 'x'.repeat(25_601) }, 'value'],
    [{ value: 'ä'.repeat(12_801) }, 'value'],
    ['{"value":"\\ud800"}', 'value'],
    [{ value: 'x', expires: '2038-01-19T03:14:08Z' }, 'expires'],
    [{ value: 'x', expires: '3000-01-01T00:00:00Z' }, 'expires'],
    [{ value: 'x', notBefore: '2040-01-01T00:00:00Z' }, 'notBefore'],
    [{ value: 'x', expires: 'soon' }, 'expires'],
    [{ value: 'x', expires: '2029-01-01T00:00:00Z', notBefore: '2029-01-01T00:00:00Z' }, 'notBefore'],
    [{ value: 'x', contentType: 'x'.repeat(256) }, 'contentType'],
    [{ value: 'x', tags: Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`t${n}`, 'v'])) }, 'tags'],
    [{ value: 'x', tags: { a: 'x'.repeat(513) } }, 'tags'],
    [{ value: 'x', tags: { 'Sallyport-op': '1' } }, 'tags'],
    [{ value: 'x', enabled: false }, 'not known'],
    ['{"value":"x","value":"y"}', 'twice'],
    ['{"value":"x"', 'JSON'],
  ])('400 invalid_request, nothing written, the value not echoed: %#', async (body, part) => {
    await main.clear()
    const answer = await put(
      'refused',
      typeof body === 'object' && 'value' in body && body.value === 'x' ? { ...body, value: CANARY } : body,
    )
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
    expect(JSON.stringify(answer.json)).toContain(part)
    expect(JSON.stringify(answer)).not.toContain(CANARY)
    expect((await main.counts())['setSecret']).toBeUndefined()
  })

  it('201: the largest value, in characters that JSON escapes', async () => {
    const value = '\u0001'.repeat(25_600)
    expect(await put('largest', { value })).toMatchObject({ status: 201 })
    expect(await get('largest', {}, 'logic-app')).toMatchObject({ status: 200, json: { value } })
  })

  it('10 writers with the same If-Match: one wins, nine are told 412', async () => {
    const { headers } = await put('raced', { value: '0' })
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        put('raced', { value: String(n) }, { 'if-match': String(headers?.['ETag']) }),
      ),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 412)])
  })
})
