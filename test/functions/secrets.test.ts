import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { secretBatches } from '../../functions/secret-batches.ts'
import { secretVersion } from '../../functions/secret-version.ts'
import { secretVersions } from '../../functions/secret-versions.ts'
import { secrets } from '../../functions/secrets.ts'
import { Secret } from '../../shared/secrets/secret.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'
import type { Caller } from '../support/tenant.ts'

const local = rig()
const main = local.vaultControl('main')
let on: Awaited<ReturnType<typeof secretGateway>>
type Page = { value: { name: string; version: string; stage: string }[]; nextLink?: string }

const CANARY = 'canary-aa90c3'
const names = Array.from({ length: 30 }, (_, n) => `stripe-${String(n).padStart(2, '0')}`)

beforeAll(async () => {
  on = await secretGateway(local, [
    statement('gone-logic', 'logic-app', ['secret-reader', 'secret-inspector'], ['secret/**']),
    statement('one-time', 'approver', ['secret-reader'], ['secret/main/stripe-*'], { obligations: { oneTime: true } }),
  ])
  const vault = on.azure.vault(`https://${local.account}-main.vault.azure.net`)
  for (const name of [...names, 'orders-db-password', 'Upper-Case'])
    await vault.set(name, { value: new Secret(CANARY) })
})
afterAll(() => on.gateway.close())

const list = (who: Caller, query: string) => on.call(secrets, who, { query })

async function walk(who: Caller, query: string): Promise<string[]> {
  const found: string[] = []
  for (let next: string | undefined = query; next !== undefined; ) {
    const answer = await list(who, next)
    expect(answer.status).toBe(200)
    const page = answer.json as Page
    found.push(...page.value.map(({ name }) => name))
    next = page.nextLink && new URL(page.nextLink).search.slice(1)
  }
  return found
}

describe('GET /v1/secrets', () => {
  it('200 and empty for whom no permit lets list: no look at the vault, whether it is there or down (T20); before anybody listed', async () => {
    await main.clear()
    for (const query of ['vault=main', 'vault=other', '']) expect(await walk('stranger', query)).toEqual([])
    expect((await main.counts())['listSecrets'] ?? 0).toBe(0)
  })

  it('200: the names a caller may see and nothing else, over all pages, no value anywhere', async () => {
    expect(await walk('billing-app', 'vault=main&limit=7')).toEqual(names)
    expect(await walk('orders-app', 'vault=main')).toEqual(['orders-db-password'])
    expect(await walk('stranger', 'vault=main')).toEqual([])
    expect(await walk('logic-app', 'vault=main')).toEqual(['orders-db-password', ...names, 'upper-case'])
    expect(JSON.stringify([await list('billing-app', 'vault=main'), on.lines])).not.toContain(CANARY)
  })

  it('200 without a vault: all that callers can name, page by page; recorded on `secret`', async () => {
    expect(await walk('billing-app', 'limit=7')).toEqual(names)
    expect(await walk('stranger', '')).toEqual([])
    const answer = await list('logic-app', '')
    expect((answer.json as Page).value.map(({ name }) => name)).toEqual(['orders-db-password', ...names, 'upper-case'])
    const txn = answer.headers?.['X-Sallyport-Txn']
    const intent = (await on.journal()).find((entry) => entry.kind === 'intent' && entry.txn === txn)
    expect(intent).toMatchObject({ action: 'secret:list', resource: 'secret' })
  })

  it('leaves out what a read would be refused for an obligation', async () => {
    expect(await walk('approver', 'vault=main')).toEqual([])
  })

  it('narrows by prefix, whatever its case', async () => {
    expect(await walk('billing-app', 'vault=main&prefix=STRIPE-2')).toEqual(
      names.filter((name) => name.startsWith('stripe-2')),
    )
    expect(await walk('billing-app', 'vault=main&prefix=z')).toEqual([])
  })

  it('an unknown vault looks like one with nothing to see (T20)', async () => {
    expect(seen(await list('stranger', 'vault=nowhere'))).toBe(seen(await list('stranger', 'vault=main')))
  })

  it('the nextLink is built on the gateway’s own name and keeps the query', async () => {
    const answer = await on.call(secrets, 'billing-app', {
      query: 'vault=main&limit=2&prefix=stripe',
      headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example' },
    })
    const link = new URL((answer.json as Page).nextLink ?? '')
    expect(link.origin + link.pathname).toBe(`${on.gateway.config.issuer}/v1/secrets`)
    expect(Object.fromEntries(link.searchParams)).toMatchObject({ vault: 'main', limit: '2', prefix: 'stripe' })
  })

  it('many lists are one walk through the vault', async () => {
    await main.clear()
    await Promise.all(Array.from({ length: 50 }, () => list('billing-app', 'vault=main')))
    expect((await main.counts())['listSecrets'] ?? 0).toBe(0)
  })

  it.each([
    'vault=',
    'vault=a/b',
    'vault=Main',
    'vault=main&limit=0',
    'vault=main&limit=201',
    'vault=main&limit=x',
    'vault=main&prefix=a/b',
    'vault=main&after=%21',
    // Of another list, or no secret's name.
    'after=b25l',
    'after=bWFpbi8uLg',
    'vault=main&other=1',
    'vault=main&vault=main',
  ])('400 invalid_request: %s', async (query) => {
    expect(await list('billing-app', query)).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
  })
})

describe('versions', () => {
  const versions = (who: Caller, name: string, query = '') =>
    on.call(secretVersions, who, { params: { vault: 'main', name }, query })
  const patch = (who: Caller, params: Record<string, string>, body: unknown) =>
    on.call(secretVersion, who, { method: 'PATCH', params: { vault: 'main', ...params }, body })

  it('200: newest first with stages, page by page, no values; disable and restore', async () => {
    const vault = on.azure.vault(`https://${local.account}-main.vault.azure.net`)
    const name = 'stripe-staged'
    for (let n = 0; n < 5; n += 1) await vault.set(name, { value: new Secret(CANARY) })
    const all = (await versions('billing-app', name)).json as Page
    expect(all.value).toHaveLength(5)
    expect(all.value.filter(({ stage }) => stage === 'current')).toHaveLength(1)
    const paged: string[] = []
    for (let query: string | undefined = 'limit=2'; query !== undefined; ) {
      const page = (await versions('billing-app', name, query)).json as Page
      paged.push(...page.value.map(({ version }) => version))
      query = page.nextLink && new URL(page.nextLink).search.slice(1)
    }
    expect(paged).toEqual(all.value.map(({ version }) => version))
    const version = String(all.value[4]?.version)
    expect(await patch('deploy-app', { name, version }, { enabled: false })).toMatchObject({
      status: 200,
      json: { name, version, enabled: false },
    })
    expect(await patch('deploy-app', { name, version }, { enabled: true })).toMatchObject({ json: { enabled: true } })
    expect(JSON.stringify([all, on.lines, await on.journal()])).not.toContain(CANARY)
  })

  it('403 without permission, the same bytes for what is missing; 404 with it (T20)', async () => {
    const denied = [
      await versions('stranger', 'stripe-00'),
      await versions('stranger', 'none'),
      await patch('stranger', { name: 'stripe-00', version: '0'.repeat(32) }, { enabled: false }),
      await patch('billing-app', { name: 'stripe-00', version: '0'.repeat(32) }, { enabled: false }),
    ]
    expect(new Set(denied.map(seen)).size).toBe(1)
    expect(denied[0]).toMatchObject({ status: 403 })
    expect(await versions('billing-app', 'stripe-none')).toMatchObject({
      status: 404,
      json: { code: 'secret_not_found' },
    })
    expect(await patch('deploy-app', { name: 'stripe-00', version: '0'.repeat(32) }, { enabled: false })).toMatchObject(
      {
        status: 404,
      },
    )
  })

  it.each([['.'], ['x'], ['A'.repeat(32)]])('400 invalid_request and 0 calls: version %s (T17)', async (version) => {
    await main.clear()
    expect(await patch('deploy-app', { name: 'stripe-00', version }, { enabled: false })).toMatchObject({ status: 400 })
    expect(await main.counts()).toEqual({})
  })

  it.each([{}, { enabled: 'no' }, { enabled: true, more: 1 }, []])('400 invalid_request: %j', async (body) => {
    expect(await patch('deploy-app', { name: 'stripe-00', version: '0'.repeat(32) }, body)).toMatchObject({
      status: 400,
    })
  })
})

describe('POST /v1/secret-batches', () => {
  const batch = (who: Caller, body: unknown) => on.call(secretBatches, who, { method: 'POST', body })
  type Answer = { items: { name: string; value?: string; error?: { code: string; status: number } }[] }

  it('200: each item decided, answered and journaled for itself, in order', async () => {
    const items = [
      { vault: 'main', name: 'stripe-00' },
      { vault: 'main', name: 'orders-db-password' },
      { vault: 'main', name: 'stripe-none' },
      { vault: 'nowhere', name: 'stripe-00' },
      { vault: 'main', name: 'STRIPE-01' },
    ]
    const answer = await batch('billing-app', { items })
    const { items: answers } = answer.json as Answer
    expect(answers.map(({ value, error }) => value ?? error?.code)).toEqual([
      CANARY,
      'access_denied',
      'secret_not_found',
      'access_denied',
      CANARY,
    ])
    expect(answers[1]).toEqual({ ...items[1], error: { code: 'access_denied', status: 403 } })
    const txn = answer.headers?.['X-Sallyport-Txn']
    const entries = (await on.journal()).filter((entry) => 'txn' in entry && entry.txn.startsWith(`${txn}.`))
    expect(entries.filter(({ kind }) => kind === 'intent')).toHaveLength(2)
    expect(entries.filter(({ kind }) => kind === 'denial')).toHaveLength(3)
    expect(JSON.stringify(entries)).not.toContain(CANARY)
  })

  it('100 items, cached and not: one upstream call a secret', async () => {
    const items = Array.from({ length: 100 }, (_, n) => ({ vault: 'main', name: names[2 + (n % 25)] }))
    await main.clear()
    const { items: answers } = (await batch('billing-app', { items })).json as Answer
    expect(answers.every(({ value }) => value === CANARY)).toBe(true)
    expect((await main.counts())['getSecret']).toBe(25)
  })

  it.each([
    {},
    { items: [] },
    { items: Array.from({ length: 101 }, () => ({ vault: 'main', name: 'a' })) },
    { items: [{ vault: 'main', name: '.' }] },
    { items: [{ vault: 'main', name: 'a', version: '..' }] },
    { items: [{ vault: 'https://x', name: 'a' }] },
    { items: [{ vault: 'main', name: 'a', more: 1 }] },
    { items: [{ vault: 'main', name: 'a' }], reason: 'x'.repeat(257) },
  ])('400 invalid_request and 0 calls: %#', async (body) => {
    await main.clear()
    expect(await batch('billing-app', body)).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
    expect(await main.counts()).toEqual({})
  })
})
