import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type RunningServer,
  type ServerAnswer,
  type ServerRequest,
  serve,
} from '../../../../local/servers/http-server.ts'
import { createAzure } from '../../../../shared/azure/azure.ts'
import { createBroker } from '../../../../shared/tokens/broker/broker.ts'
import type { SasOrder } from '../../../../shared/tokens/storage/sas.ts'
import { rig } from '../../../support/rig.ts'
import { directory } from '../../../support/tenant.ts'

const local = rig()
const HOST = `${local.account}x.queue.core.windows.net`
const HOUR = 3_600_000
const TID = directory.tenant
const OID = '55555555-0000-4000-8000-000000000005'
/** Planted: must be nowhere but in the answer of the service. */
const VALUE = Buffer.from('canary-of-the-delegation-key').toString('base64')

let service: RunningServer
let requests: ServerRequest[] = []
let answers: ServerAnswer[] = []
let now = Date.now()
const reported: unknown[] = []

/** learn.microsoft.com/rest/api/storageservices/get-user-delegation-key: request and answer. */
function keyAnswer({ body }: ServerRequest): ServerAnswer {
  const [, start, expiry] = /<Start>([^<]+)<\/Start><Expiry>([^<]+)<\/Expiry>/.exec(body) ?? []
  const members = {
    SignedOid: OID,
    SignedTid: TID,
    SignedStart: start,
    SignedExpiry: expiry,
    SignedService: 'q',
    SignedVersion: '2026-10-06',
    Value: VALUE,
  }
  const xml = Object.entries(members).map(([name, value]) => `<${name}>${value}</${name}>`)
  const text = `<?xml version="1.0" encoding="utf-8"?><UserDelegationKey>${xml.join('')}</UserDelegationKey>`
  return { status: 200, headers: { 'content-type': 'application/xml' }, text }
}

beforeAll(async () => {
  const [cert = '', key = ''] = ['server.pem', 'server-key.pem'].map((name) =>
    readFileSync(join(local.stateDir, 'tls', name), 'utf8'),
  )
  service = await serve({
    port: 0,
    tls: { cert, key },
    handle: (request) => {
      requests.push(request)
      return answers.shift() ?? keyAnswer(request)
    },
  })
})
afterAll(() => service.close())
beforeEach(() => {
  requests = []
  answers = []
  now = Date.now()
})

function signer() {
  const hosts = `${local.environment['SALLYPORT_LOCAL_HOSTS']},${HOST}=127.0.0.1:${service.port}`
  const report = (event: string, detail: object) => reported.push({ event, ...detail })
  const broker = createBroker({ now: () => now, report })
  return createAzure(local.config({ SALLYPORT_LOCAL_HOSTS: hosts }), { now: () => now, report }).sasSigner(broker)
}

const order = (): SasOrder => ({
  place: {
    endpoint: `https://${HOST}`,
    account: `${local.account}x`,
    service: 'queue',
    kind: 'queue',
    queue: 'orders',
  },
  permissions: ['read'],
  expiresAt: Math.floor(now / 1_000) + 600,
  correlationId: '33333333-0000-4000-8000-000000000003',
})

const failure = (act: Promise<unknown>) =>
  act.then(
    () => 'nothing',
    (error: { code?: string; reason?: string }) => `${error.code} ${error.reason}`,
  )

describe('user delegation keys (S9)', () => {
  it('50 first SAS at once ask for one key, as the gateway', async () => {
    const sign = signer()
    const signed = await Promise.all(Array.from({ length: 50 }, () => sign(order())))
    expect(requests).toHaveLength(1)
    const [request] = requests
    expect(`${request?.method} ${request?.url.pathname}`).toBe('POST /')
    expect(Object.fromEntries(request?.url.searchParams ?? [])).toEqual({
      restype: 'service',
      comp: 'userdelegationkey',
    })
    expect(request?.headers.authorization).toMatch(/^Bearer ey/)
    expect(new Set(signed.map(({ text }) => text)).size).toBe(1)
    expect(signed[0]).toMatchObject({ signer: { tenant: TID, objectId: OID }, source: 'identity_provider' })
    expect(await sign(order())).toMatchObject({ source: 'cache' })
    expect(requests).toHaveLength(1)
  })

  it('outlives every SAS it signs: renewed behind the scenes, and no longer used 12 h before its end', async () => {
    const sign = signer()
    const ske = ({ text }: { text: string }) => Date.parse(new URLSearchParams(text).get('ske') ?? '')
    const first = ske(await sign(order()))
    expect(first - now).toBeGreaterThan(23 * HOUR)
    now += 7 * HOUR
    answers = [{ status: 503 }]
    expect(ske(await sign(order()))).toBe(first)
    await expect.poll(() => requests.length).toBe(2)
    now += 6 * HOUR
    expect(ske(await sign(order()))).toBeGreaterThan(first)
    expect(requests).toHaveLength(3)
  })

  it.each<[string, ServerAnswer, string]>([
    [
      '503 upstream_unavailable: while it is throttled',
      { status: 429, headers: { 'retry-after': '30' } },
      'upstream_unavailable upstream_status_429',
    ],
    ['503 upstream_unavailable: while it fails', { status: 500 }, 'upstream_unavailable upstream_status_500'],
    ['503 upstream_unavailable: when the connection breaks', 'reset', 'upstream_unavailable upstream_unreachable'],
    [
      '503 upstream_unavailable: at an answer that is none',
      { status: 200, text: '<html>' },
      'upstream_unavailable upstream_unreachable',
    ],
    [
      '502 upstream_refused: without the role',
      { status: 403, text: `<Error><Message>${VALUE}</Message></Error>` },
      'upstream_refused upstream_status_403',
    ],
  ])('%s', async (_name, answer, expected) => {
    answers = [answer]
    expect(await failure(signer()(order()))).toBe(expected)
    expect(requests).toHaveLength(1)
  })

  it('follows no redirect with its token (T40)', async () => {
    answers = [{ status: 302, headers: { location: `https://${HOST}/elsewhere` } }]
    expect(await failure(signer()(order()))).toBe('upstream_refused upstream_status_302')
    expect(requests).toHaveLength(1)
  })

  it('leaves a throttled service alone for as long as it asks', async () => {
    const sign = signer()
    answers = [{ status: 429, headers: { 'retry-after': '30' } }]
    await failure(sign(order()))
    now += 29_000
    expect(await failure(sign(order()))).toBe('upstream_unavailable upstream_status_429')
    expect(requests).toHaveLength(1)
    now += 2_000
    expect(await failure(sign(order()))).toBe('nothing')
  })

  it('400 invalid_request: a holder who must prove to be of another tenant', async () => {
    const holder = { how: 'required' as const, objectId: OID, tenant: '99999999-0000-4000-8000-000000000009' }
    expect(await failure(signer()({ ...order(), holder }))).toBe('invalid_request sas_holder_of_another_tenant')
  })

  it('never shows the key (T18)', async () => {
    const signed = await signer()(order())
    expect(JSON.stringify([signed, reported])).not.toContain(VALUE)
  })
})
