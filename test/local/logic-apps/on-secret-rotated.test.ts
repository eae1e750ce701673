import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compactVerify, createLocalJWKSet, decodeJwt, type JSONWebKeySet } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rotationRuns } from '../../../functions/rotation-runs.ts'
import { secret } from '../../../functions/secret.ts'
import type { RunRecord } from '../../../local/logic-apps/run/history.ts'
import { createWebhook, type Webhook } from '../../../local/logic-apps/run/webhook.ts'
import { readSample } from '../../../local/logic-apps/samples.ts'
import { type RunningServer, type ServerRequest, serve } from '../../../local/servers/http-server.ts'
import { rig } from '../../support/rig.ts'
import { statement } from '../../support/secret-gateway.ts'
import { AUDIENCE, shortRotation, someApi, workflowRig } from '../../support/workflows/rig.ts'

// Issue 7: webhook subscribe, callback and unsubscribe of a workflow, against the running gateway.

const SAMPLE = 'on-secret-rotated'
const SIGNATURE = 'sig-of-callback-93ac10'
const local = rig()
let on: Awaited<ReturnType<typeof workflowRig>>
let api: Awaited<ReturnType<typeof someApi>>
/** What Logic Apps would be: takes the callbacks. */
let callbacks: RunningServer
let webhook: Webhook
const delivered: ServerRequest[] = []
const runs: (RunRecord | undefined)[] = []

beforeAll(async () => {
  const pem = (name: string) => readFileSync(join(local.stateDir, 'tls', name), 'utf8')
  callbacks = await serve({
    port: 0,
    tls: { cert: pem('server.pem'), key: pem('server-key.pem') },
    async handle(request) {
      delivered.push(request)
      runs.push(await webhook.receive({ contentType: request.headers['content-type'], text: request.body }))
      return { status: 202 }
    },
  })
  api = await someApi(() => ({ status: 204 }))
  on = await workflowRig(local, {
    policies: { [SAMPLE]: (text) => text.replace('orders-db-password', 'heard","rotation/other","rotation/late') },
    documents: [
      ...['heard', 'other', 'late'].map(shortRotation),
      statement('deploys-all', 'deploy-app', ['secret-deployer'], ['secret/main/*']),
    ],
    settings: { SALLYPORT_CALLBACK_HOSTS: `127.0.0.1:${callbacks.port}` },
  })
  for (const name of ['heard', 'other', 'late']) {
    const params = { vault: 'main', name }
    const put = await on.on.call(secret, 'deploy-app', { method: 'PUT', params, body: { value: 'old' } })
    expect(put.status).toBe(201)
  }
  const parameters = {
    ...{ ...on.toGateway, rotation: 'heard' },
    ...{ apiUrl: api.url, apiAudience: AUDIENCE },
  }
  const callbackUrl = `https://127.0.0.1:${callbacks.port}/workflows/1/triggers/a/paths/invoke?sp=run&sig=${SIGNATURE}`
  webhook = createWebhook(readSample(`${SAMPLE}/workflow.json`), { parameters, callbackUrl }, on.worker(SAMPLE).deps)
}, 60_000)
afterAll(async () => {
  await on.close()
  await api.close()
  await callbacks.close()
})

/** Rotates, drives the timer until the new version is current, and lets the events go out. */
async function rotate(name: string) {
  const { wait } = on.worker(SAMPLE, { timers: ['rotate'] }).deps
  const started = await on.on.call(rotationRuns, 'platform-engineer', { method: 'POST', params: { name } })
  expect(started.status).toBe(202)
  const isCurrent = async () => ['current', 'retired'].includes((await on.rotationRun(name))?.state ?? '')
  for (let turns = 0; turns < 10 && !(await isCurrent()); turns++) await wait(5_000)
  expect(await isCurrent()).toBe(true)
  await on.timers('events')
}

describe('on-secret-rotated', { timeout: 90_000 }, () => {
  it('subscribes, hears a signed event, and tells the API what the gateway says; the callback URL is in no history', async () => {
    const subscribed = await webhook.subscribe()
    expect(subscribed).toMatchObject({ status: 'Succeeded', code: '201' })
    await rotate('heard')
    await rotate('other')
    expect(delivered.map(({ body }) => JSON.parse(body).data.rotation)).toEqual(['heard', 'other'])
    const [run, none] = runs
    expect(none).toBeUndefined()
    expect(run).toMatchObject({ status: 'Succeeded', actions: { Tell_api: { status: 'Succeeded' } } })
    expect(api.seen).toHaveLength(1)
    expect(JSON.parse(api.seen[0]?.body ?? '')).toEqual({
      rotation: 'heard',
      lastRotatedAt: expect.stringMatching(/^20/),
    })
    const token = api.seen[0]?.headers.authorization?.split(' ')[1] ?? ''
    expect(decodeJwt(token).aud).toBe(AUDIENCE)
    const history = JSON.stringify([subscribed, run])
    for (const value of [SIGNATURE, token]) expect(history.includes(value)).toBe(false)
  })

  it('what it hears is signed by a key of the gateway, for whoever can verify it', async () => {
    const [event] = delivered
    const [header, , signature] = String(event?.headers['sallyport-signature']).split('.')
    const jwks = (await (await fetch(`${on.server.url}/oauth2/jwks`)).json()) as JSONWebKeySet
    const whole = `${header}.${Buffer.from(event?.body ?? '').toString('base64url')}.${signature}`
    expect((await compactVerify(whole, createLocalJWKSet(jwks))).protectedHeader.typ).toBe('sallyport-callback+jws')
  })

  it('starts for no other source, and a forged event makes the API look once more, at what is true', async () => {
    const event = JSON.parse(delivered[0]?.body ?? '')
    // As application/json, which every trigger takes apart; the gateway's own came in Base64.
    const receive = (change: object) =>
      webhook.receive({ contentType: 'application/json', text: JSON.stringify({ ...event, ...change }) })
    expect(await receive({ source: 'https://evil.example.com' })).toBeUndefined()
    expect(await receive({ type: 'review.ready' })).toBeUndefined()
    expect(await receive({ source: undefined })).toBeUndefined()
    const forged = { data: { ...event.data, lastRotatedAt: '1999-01-01T00:00:00.000Z', version: 'forged' } }
    expect(await receive(forged)).toMatchObject({ status: 'Succeeded' })
    expect(api.seen.at(-1)?.body).toBe(api.seen[0]?.body)
  })

  it('hears nothing any more once it has unsubscribed', async () => {
    expect(await webhook.unsubscribe()).toMatchObject({ status: 'Succeeded', code: '204' })
    const before = delivered.length
    await rotate('late')
    expect(delivered).toHaveLength(before)
  })
})

describe('its renewal', () => {
  const run = async (statuses: number[]) => {
    const arm = await someApi(() => ({ status: statuses.shift() ?? 200 }))
    const parameters = {
      armUrl: new URL(arm.url).origin,
      armAudience: 'https://management.azure.com/',
      workflow: 'w/1',
    }
    const worker = on.worker(SAMPLE)
    const record = await on.run(`${SAMPLE}/workflow.renew.json`, worker, { parameters })
    await arm.close()
    return { record, called: arm.seen.map(({ method, url }) => `${method} ${url.pathname}${url.search}`) }
  }
  const [OFF, ON] = ['disable', 'enable'].map((verb) => `POST /w/1/${verb}?api-version=2016-06-01`)

  it('disables and enables the workflow, by a token for ARM', async () => {
    const { record, called } = await run([])
    expect(record.status).toBe('Succeeded')
    expect(called).toEqual([OFF, ON])
  })

  it('enables it also where disabling failed', async () => {
    const { called } = await run([403])
    expect(called).toEqual([OFF, ON])
  })
})
