import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rotationRun } from '../../functions/rotation-run.ts'
import { rotationRuns } from '../../functions/rotation-runs.ts'
import { SCHEDULES, tick } from '../../functions/schedules.ts'
import { secret } from '../../functions/secret.ts'
import { subscriptions } from '../../functions/subscriptions.ts'
import { unsubscriptions } from '../../functions/unsubscriptions.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { TABLES } from '../../shared/azure/storage-names.ts'
import type { GatewayResponse } from '../../shared/http/endpoint.ts'
import { Secret } from '../../shared/secrets/secret.ts'
import { givenBy, grantCalls } from '../support/grant-calls.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'

type Seen = { url: string; body: string; signature: string; type: string }

const SIGNATURE = 'sig-kept-4b1f09e2'
const HOOK_SIGNATURE = 'sig-kept-77c0aa31'
const local = rig()
let server: Server
let origin: string
let on: Awaited<ReturnType<typeof secretGateway>>
let seen: Seen[] = []
const { open, read } = grantCalls(() => on)

/** A run each: the next one of a rotation begins when the last one has ended. */
const PLAIN = ['timed', 'again', 'later', 'glassed']
const quick = { verify: { successes: 1, over: '1s' }, retire: { lookBack: '1d', deadline: '1s' }, owner: 'team-test' }
const document = (name: string, rotator: string, more: object = {}) => ({
  ...{ kind: 'rotation', name, secret: `main/${name}`, rotator, mode: 'auto', every: '30d', ...quick, ...more },
})

beforeAll(async () => {
  const tls = (name: string) => readFileSync(join(local.stateDir, 'tls', name))
  server = createServer({ cert: tls('server.pem'), key: tls('server-key.pem') }, (request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const { url = '', headers } = request
      const signature = String(headers['sallyport-signature'] ?? '')
      seen.push({ url, body, signature, type: String(headers['content-type']) })
      if (url.startsWith('/redirect')) response.writeHead(302, { location: '/hook' }).end()
      else if (url.startsWith('/large')) response.end('x'.repeat(70_000))
      else if (url.startsWith('/gone')) response.writeHead(410).end()
      else response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  on = await secretGateway(
    local,
    [
      ...PLAIN.map((name) => document(name, 'generate')),
      document('hooked', 'webhook', { settings: { url: `${origin}/rotate` }, credential: 'hook' }),
      statement('sees', 'logic-app', ['rotation-runner'], ['rotation/*']),
      statement('officer', 'reports-app', ['subscriber', 'grant-officer'], ['subscription', 'grant/**']),
      statement('deploys', 'deploy-app', ['secret-deployer', 'secret-reader'], ['secret/main/*']),
      statement('glass', 'orders-app', ['grant-opener', 'secret-reader'], ['secret/main/**'], { breakGlass: true }),
    ],
    { settings: { SALLYPORT_CALLBACK_HOSTS: new URL(origin).host } },
  )
  for (const name of [...PLAIN, 'hooked', 'unrotated']) {
    const put = { method: 'PUT', params: { vault: 'main', name }, body: { value: 'first' } }
    expect((await on.call(secret, 'deploy-app', put)).status).toBe(201)
  }
  const gatewayVault = on.azure.vault(local.config().gatewayVault)
  await gatewayVault.set('ext-hook', { value: new Secret(`sp=run&sig=${HOOK_SIGNATURE}`) })
}, 60_000)
afterAll(async () => {
  await on?.gateway.close()
  server.closeAllConnections()
  server.close()
})

type Who = Parameters<typeof on.call>[1]
const bodyOf = ({ json }: GatewayResponse) => json as Record<string, unknown>
const timer = async (name: string) => {
  const schedule = SCHEDULES.find((one) => one.name === name)
  if (!schedule) throw new Error(`no timer ${name}`)
  await tick(schedule, on.gateway)
}
const urlOf = (path: string) => `${origin}/${path}?sp=run&sig=${SIGNATURE}`
const subscribe = (path: string, events: string[], who: Who = 'logic-app') =>
  on.call(subscriptions, who, { method: 'POST', body: { callbackUrl: urlOf(path), events } })
const unsubscribe = (path: string) =>
  on.call(unsubscriptions, 'logic-app', { method: 'POST', body: { callbackUrl: urlOf(path) } })
const at = (path: string) => seen.filter(({ url }) => url.startsWith(`/${path}?`))

/** Starts a run and lets the timers work until it has published; gives its id. */
async function rotate(name: string): Promise<string> {
  const { id } = bodyOf(await on.call(rotationRuns, 'logic-app', { method: 'POST', params: { name } }))
  await until(async () => {
    await timer('rotate')
    const { state } = bodyOf(await on.call(rotationRun, 'logic-app', { params: { name, id: String(id) } }))
    return state === 'current' || state === 'retired'
  })
  return String(id)
}

type Check = (asked: object) => boolean

/** The check that docs/events.md gives to receivers. */
async function recipe(): Promise<Check> {
  const file = join(repositoryRoot, 'local/is-from-gateway.mjs')
  const [, code] = /^```js\n([\s\S]*?)^```/m.exec(readFileSync('docs/events.md', 'utf8')) ?? []
  expect(code).toBe(readFileSync(file, 'utf8'))
  const { isFromGateway } = (await import(pathToFileURL(file).href)) as { isFromGateway: Check }
  return isFromGateway
}

describe('a subscriber', () => {
  it('gets the signed `secret.rotated` of a run, once, as the recipe of the docs verifies; after unsubscribing nothing', async () => {
    expect((await subscribe('hook', ['secret.rotated'])).status).toBe(201)
    expect((await subscribe('other', ['review.ready'])).status).toBe(201)
    const run = await rotate('timed')
    await Promise.all([timer('events'), timer('events')])
    await timer('events')
    const [got, ...more] = at('hook')
    if (!got) throw new Error('nothing arrived')
    expect(more).toEqual([])
    expect(at('other')).toEqual([])
    expect(got.type).toBe('application/cloudevents+json; charset=utf-8')
    expect(JSON.parse(got.body)).toMatchObject({
      ...{ specversion: '1.0', id: `${run}-rotated`, type: 'secret.rotated', source: 'https://gateway.sallyport.test' },
      data: { rotation: 'timed', secret: 'main/timed', run, version: expect.stringMatching(/^[0-9a-f]{32}$/) },
    })
    const check = await recipe()
    const { keys } = await on.gateway.tokens.jwks()
    const asked = { ...got, url: urlOf('hook'), keys }
    expect(check(asked)).toBe(true)
    expect(check({ ...asked, body: got.body.replace('main/timed', 'main/other') })).toBe(false)
    expect(check({ ...asked, url: urlOf('other') })).toBe(false)
    expect(check({ ...asked, now: Date.now() + 301_000 })).toBe(false)
    expect(check({ ...asked, keys: [] })).toBe(false)
    expect(check({ ...asked, signature: 'nonsense' })).toBe(false)

    expect((await unsubscribe('hook')).status).toBe(204)
    await rotate('again')
    await timer('events')
    expect(at('hook')).toHaveLength(1)
  })

  it('is not followed by a redirect, a large answer is not read, 410 ends it (T44)', async () => {
    for (const path of ['redirect', 'large', 'gone']) await subscribe(path, ['secret.rotated'])
    seen = []
    await rotate('later')
    await timer('events')
    expect(['redirect', 'large', 'gone', 'hook'].map((path) => at(path).length)).toEqual([1, 1, 1, 0])
    const results = (await on.journal()).flatMap((entry) => (entry.kind === 'result' ? [entry.reason] : []))
    expect(results).toContain('callback_redirected')
    expect(results).toContain('callback_answer_too_large')
    expect(on.lines).toContainEqual(expect.objectContaining({ event: 'event.parked', reason: 'answered_410' }))
    for (const path of ['redirect', 'large', 'gone']) expect((await unsubscribe(path)).status).toBe(204)
  })
})

it('a `webhook` rotation runs through the whole gateway: signed calls set, verify; what the endpoint was given is served', async () => {
  seen = []
  await rotate('hooked')
  const calls = seen.filter(({ url }) => url === `/rotate?sp=run&sig=${HOOK_SIGNATURE}`)
  expect(calls.map(({ body }) => JSON.parse(body).step).slice(0, 2)).toEqual(['set', 'verify'])
  const { value } = JSON.parse(calls[0]?.body ?? '')
  const params = { vault: 'main', name: 'hooked' }
  expect(bodyOf(await on.call(secret, 'deploy-app', { params }))['value']).toBe(value)
  const { keys } = await on.gateway.tokens.jwks()
  const check = await recipe()
  expect(calls.every((call) => check({ ...call, url: `${origin}${call.url}`, keys }))).toBe(true)
  expect(JSON.stringify([await on.journal(), on.lines])).not.toContain(value)
})

it('what was read in an emergency is made new, once, when the grant has ended; who watches grants is told', async () => {
  await subscribe('officer', ['breakglass.used', 'approval.requested', 'grant.locked'], 'reports-app')
  const wish = { actions: ['secret:get'], resources: ['secret/main/**'], ttl: '1h', breakGlass: true, reason: 'outage' }
  const said = { 'x-sallyport-ticket': 'INC-1', 'x-sallyport-reason': 'outage' }
  const { id, credential } = givenBy(await open(wish, 'orders-app', said))
  for (const name of ['glassed', 'unrotated']) expect((await read(name, credential, said)).status).toBe(200)
  await timer('events')
  const runOf = async () => (await on.gateway.rotations.state('glassed')).run
  expect(await runOf()).toBeUndefined()
  expect(at('officer').map(({ body }) => JSON.parse(body))).toMatchObject([
    { type: 'breakglass.used', subject: `grant/${id}`, data: { grant: id, ticket: 'INC-1', reason: 'outage' } },
  ])
  await on.gateway.grants.store.change(id, ({ status }) => ({ status: { ...status, state: 'revoked' } }))
  await timer('events')
  const run = await runOf()
  expect(run).toMatchObject({ by: 'breakglass', state: 'pending' })
  await timer('events')
  expect((await runOf())?.id).toBe(run?.id)
  expect(at('officer')).toHaveLength(1)
  expect(on.lines).toContainEqual(
    expect.objectContaining({ event: 'breakglass.not_rotated', secret: 'main/unrotated', why: 'no_rotation' }),
  )
})

it('callback URLs are in no row of any table, entry or log line (T18)', async () => {
  const written: unknown[] = [on.lines, await on.journal()]
  for (const name of Object.keys(TABLES) as (keyof typeof TABLES)[]) {
    for await (const row of on.azure.table(name).list({})) written.push(row)
  }
  const text = JSON.stringify(written, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  expect(text).toContain(new URL(origin).host)
  expect(text).not.toContain(SIGNATURE)
  expect(text).not.toContain(HOOK_SIGNATURE)
  expect(text).not.toContain(`${origin}/hook`)
})
