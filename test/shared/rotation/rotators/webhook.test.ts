import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { exportJWK, flattenedVerify, generateKeyPair, importJWK } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { readAllowedHosts } from '../../../../shared/callbacks/allowed-hosts.ts'
import { createCallOut } from '../../../../shared/callbacks/call-out.ts'
import { createSignCallback } from '../../../../shared/callbacks/sign-callback.ts'
import { GatewayError } from '../../../../shared/errors.ts'
import type { Rotator } from '../../../../shared/rotation/rotator.ts'
import { createWebhookRotator } from '../../../../shared/rotation/rotators/webhook.ts'
import { Secret } from '../../../../shared/secrets/secret.ts'
import { createSigner } from '../../../../shared/tokens/keys/signer.ts'
import { rig } from '../../../support/rig.ts'
import { rotationDocument, rotationDriver } from '../../../support/rotation.ts'

type Seen = { method: string; url: string; body: Record<string, string>; text: string; signature: string }
type Answer = { status: number; headers?: Record<string, string>; body?: string }

const local = rig()
let server: Server
let origin: string
let driver: Awaited<ReturnType<typeof rotationDriver>>
let publicKey: Awaited<ReturnType<typeof importJWK>>
let seen: Seen[] = []
let answer: (seen: Seen) => Answer = () => ({ status: 204 })
const pauses: number[] = []
let passed = 0

beforeAll(async () => {
  const tls = (name: string) => readFileSync(join(local.stateDir, 'tls', name))
  server = createServer({ cert: tls('server.pem'), key: tls('server-key.pem') }, (request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const { method = '', url = '' } = request
      const signature = String(request.headers['sallyport-signature'] ?? '')
      const call = { method, url, text, body: text === '' ? {} : JSON.parse(text), signature }
      seen.push(call)
      const { status, headers, body } = answer(call)
      response.writeHead(status, headers).end(body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  const pair = await generateKeyPair('ES256', { extractable: true })
  publicKey = await importJWK(await exportJWK(pair.publicKey), 'ES256')
  const signer = await createSigner({ alg: 'ES256', kid: 'k1', publicJwk: {}, privateKey: pair.privateKey })
  const rotator = createWebhookRotator({
    callOut: createCallOut({
      allowed: readAllowedHosts(new URL(origin).host, { stubs: true }),
      localCa: tls('ca.pem').toString(),
    }),
    signCallback: createSignCallback({ keys: { signer: async () => signer }, now: Date.now }),
    pause: async (ms) => {
      pauses.push(ms)
      passed += ms
    },
  })
  driver = await rotationDriver(local, () => mortal(rotator as Rotator))
  await driver.gatewayVault.set('ext-hook', { value: new Secret('sig=s3cret') })
}, 60_000)
afterAll(() => {
  server.closeAllConnections()
  server.close()
})
beforeEach(() => {
  seen = []
  pauses.length = 0
  answer = () => ({ status: 204 })
})

type Act = 'create' | 'set' | 'verify' | 'retire' | 'undo'
let deadly: Act | undefined

/** The next such call ends as a death would: done outside, noted nowhere. */
function mortal(rotator: Rotator): Rotator {
  const dying =
    (name: Act, act: (...given: never[]) => Promise<unknown>) =>
    async (...given: never[]) => {
      const done = await act(...given)
      if (deadly !== name) return done
      deadly = undefined
      throw new GatewayError('storage_unavailable', 'killed')
    }
  return Object.fromEntries(
    Object.entries(rotator).map(([name, act]) => [name, dying(name as Act, act)]),
  ) as unknown as Rotator
}

let count = 0
async function rotation(settings: object = {}, more: object = {}) {
  count += 1
  const name = `hook-${count}`
  await driver.vaults.get('main')?.set(name, { value: new Secret('first'), tags: { owner: 'x' } })
  driver.clock.now = Date.now() + 31 * 86_400_000
  const rest = { verify: { successes: 1, over: '1s' }, onFailure: { attempts: 1 }, ...more }
  return rotationDocument({
    ...{ name, secret: `main/${name}`, rotator: 'webhook', every: '30d', credential: 'hook', ...rest },
    settings: { url: `${origin}/rotate`, ...settings },
  })
}
const storedValue = async (name: string) =>
  (await driver.vaults.get('main')?.get(name))?.value.within((text) => text.length > 0 && text)

describe('rotator webhook', () => {
  it('signed calls set, verify and retire; the value the endpoint was given is the one that is published', async () => {
    const document = await rotation()
    expect(await driver.driveThrough(document)).toMatchObject({ state: 'retired' })
    expect(seen.map(({ body }) => body['step'])).toEqual(['set', 'verify', 'retire'])
    expect(await storedValue(document.name)).toBe(seen[0]?.body['value'])
    expect(seen.every(({ url }) => url === '/rotate?sig=s3cret')).toBe(true)
    expect(JSON.stringify(driver.entries)).not.toContain('s3cret')
    const { signature = '', text = '' } = seen[0] ?? {}
    const [header = '', , proof = ''] = signature.split('.')
    const verified = await flattenedVerify(
      { protected: header, payload: Buffer.from(text).toString('base64url'), signature: proof },
      publicKey,
    )
    expect(verified.protectedHeader).toMatchObject({ alg: 'ES256', typ: 'sallyport-callback+jws' })
  })

  it('takes the value that the endpoint makes, after 202 and polling on its own origin', async () => {
    let polls = 0
    answer = ({ method, body }) => {
      if (method === 'GET') return polls++ === 0 ? again : { status: 200, body: '{"value":"made-there","more":1}' }
      return body['step'] === 'set' ? again : { status: 200, body: '{}' }
    }
    const again = { status: 202, headers: { location: '/jobs/1', 'retry-after': '3' } }
    const document = await rotation({ valueFrom: 'endpoint' })
    expect(await driver.driveThrough(document)).toMatchObject({ state: 'retired' })
    expect(pauses).toEqual([3_000, 3_000])
    expect(await storedValue(document.name)).toBe('made-there')
  })

  it.each<[string, Answer, string]>([
    ['a redirect', { status: 302, headers: { location: '/elsewhere' } }, 'webhook_redirected'],
    ['a failure', { status: 500, body: 'hunter2' }, 'webhook_answered_5xx'],
    ['410', { status: 410 }, 'webhook_gone'],
    ['202 without Location', { status: 202 }, 'webhook_location_missing'],
    [
      '202 that leads elsewhere',
      { status: 202, headers: { location: 'https://evil.example/' } },
      'webhook_location_elsewhere',
    ],
  ])('%s: stuck, the current version untouched, nothing of the answer kept', async (_title, wrong, reason) => {
    answer = () => wrong
    const document = await rotation()
    const run = await driver.driveThrough(document)
    expect(run).toMatchObject({ state: 'stuck', reason })
    expect(await storedValue(document.name)).toBe('first')
    expect(JSON.stringify([run, driver.entries])).not.toContain('hunter2')
  })

  it('202 without end: given up while the step’s caller still waits, the current version untouched', async () => {
    const clock = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => clock() + passed)
    answer = () => ({ status: 202, headers: { location: '/jobs/1', 'retry-after': '3600' } })
    const document = await rotation()
    const run = await driver.driveThrough(document)
    vi.mocked(performance.now).mockRestore()
    expect(run).toMatchObject({ state: 'stuck', reason: 'webhook_not_done_in_time' })
    expect(pauses).toEqual([20_000, 20_000])
    expect(await storedValue(document.name)).toBe('first')
  })

  it('an answer without a value where the endpoint makes it', async () => {
    answer = () => ({ status: 200, body: '{"value":"a","value":"b"}' })
    const run = await driver.driveThrough(await rotation({ valueFrom: 'endpoint' }))
    expect(run).toMatchObject({ state: 'stuck', reason: 'webhook_answer_without_value' })
  })

  it('a host that the setting does not name is never called', async () => {
    const run = await driver.driveThrough(await rotation({ url: 'https://hooks.example.com/rotate' }))
    expect(run).toMatchObject({ state: 'stuck', reason: 'webhook_not_allowed' })
    expect(seen).toEqual([])
  })

  it('a repeat after a call that was done and not answered has the same id and value', async () => {
    let first = true
    answer = () => {
      if (!first) return { status: 204 }
      first = false
      return { status: 503 }
    }
    const document = await rotation({}, { onFailure: { attempts: 3, backoff: '1s' } })
    expect(await driver.driveThrough(document)).toMatchObject({ state: 'retired' })
    expect(seen[1]?.text).toBe(seen[0]?.text)
  })

  describe.each(['gateway', 'endpoint'])('value from %s', (valueFrom) => {
    it.each<Act>(['create', 'set', 'verify', 'retire'])(
      'killed after %s and run again: one new version',
      async (act) => {
        answer = ({ body }) => ({ status: 200, body: JSON.stringify({ value: `made for ${body['id']}` }) })
        const document = await rotation({ valueFrom })
        deadly = act
        const killed = driver.driveThrough(document)
        await expect(killed).rejects.toMatchObject({ reason: 'killed' })
        expect(await driver.driveThrough(document)).toMatchObject({ state: 'retired' })
        expect(await driver.vaults.get('main')?.versions(document.name)).toHaveLength(2)
        const values = seen.flatMap(({ body }) => (body['value'] === undefined ? [] : [body['value']]))
        expect(new Set(values)).toEqual(new Set([await storedValue(document.name)]))
      },
    )
  })
})
