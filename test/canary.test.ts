import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Answer, forgetState, type Run, startRun, temporaryState } from './support/running.ts'

/** The vaults keep values and the identity server keeps its clients' secrets: that is what they are for. */
const KEEPERS = ['key-vault', 'identity', 'tls']

const stateDir = temporaryState()
let run: Run
let stopped = false

const plant = () => `canary-${randomBytes(18).toString('hex')}`
const value = plant()
const refused = plant()
const outage = plant()
const bearer = plant()
const key = plant()
const repeated = plant()
const callback = plant()
/** Nobody listens there: what is told is tried, in vain, while the rest goes on. */
const RECEIVER = '127.0.0.1:9'

beforeAll(async () => {
  run = await startRun(stateDir, { SALLYPORT_SECRET_CACHE_SECONDS: '1', SALLYPORT_CALLBACK_HOSTS: RECEIVER })
}, 90_000)

afterAll(async () => {
  if (!stopped) await run?.stop()
  forgetState(stateDir)
})

const SECRET = '/v1/secrets/main/stripe-api-key'

const PUT = { caller: 'deploy-app', method: 'PUT' }
const put = (json: unknown, path = SECRET) => run.call(path, { ...PUT, json })
const post = (path: string, body: string, headers: Record<string, string>) =>
  fetch(`${run.endpoints.gateway}${path}`, { method: 'POST', body, headers }).then((answer) => answer.text())

/** Every spelling in which a value could lie somewhere. */
const spellings = (planted: string) => {
  const bytes = Buffer.from(planted)
  return [
    planted,
    bytes.toString('hex'),
    bytes.toString('base64').slice(4, -4),
    bytes.toString('base64url').slice(4, -4),
  ]
}

function files(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile() && !KEEPERS.includes(relative(folder, path).split('/')[0] ?? ''))
}

const holding = (texts: Record<string, string>, planted: readonly string[]) =>
  Object.entries(texts).flatMap(([name, text]) =>
    planted.filter((one) => spellings(one).some((spelling) => text.includes(spelling))).map((one) => `${name}: ${one}`),
  )

describe('planted values (T18, T19)', () => {
  it('are in the one answer that hands them out, and in no other, no log line and no file but the vaults’', async () => {
    const answers: Answer[] = []
    answers.push(await put({ value }))
    const handedOut = await run.call(SECRET, { caller: 'billing-app' })
    expect(handedOut.json['value']).toBe(value)

    answers.push(await run.call(SECRET, { ...PUT, json: { value }, headers: { 'idempotency-key': repeated } }))
    const handle = await run.call('/v1/handles', {
      caller: 'logic-app',
      json: { vault: 'main', name: 'stripe-api-key' },
    })
    answers.push(handle)
    const redemption = `/v1/handles/${handle.json['id']}/redeem`
    expect((await run.call(redemption, { caller: 'logic-app', json: {} })).json['value']).toBe(value)
    answers.push(await run.call(redemption, { caller: 'logic-app', json: {} }))

    for (const host of [RECEIVER, 'elsewhere.example.com']) {
      const wish = { callbackUrl: `https://${host}/${callback}?sig=${callback}`, events: ['secret.rotated'] }
      answers.push(await run.call('/v1/subscriptions', { caller: 'logic-app', json: wish }))
    }
    expect(answers.slice(-2).map(({ status }) => status)).toEqual([201, 400])
    await run.call('/v1/rotations/orders-db-password/runs', { caller: 'logic-app', method: 'POST' })

    answers.push(await put({ value: refused, other: 1 }))
    answers.push(await put({ value: refused, tags: { [key]: refused.repeat(99) } }))
    answers.push(await put({ [key]: refused }))
    answers.push(await put({ value: refused, expires: '2040-01-01T00:00:00Z' }))
    answers.push(await put({ value: refused }, '/v1/secrets/main/no.such'))
    answers.push(await run.call(SECRET, { caller: 'stranger', method: 'PUT', json: { value: refused } }))
    answers.push(await run.call(SECRET, { token: bearer }))
    answers.push(await run.call('/v1/tokens', { caller: 'billing-app', json: { target: key } }))
    const minted = await run.call('/v1/tokens', { caller: 'billing-app', json: { target: 'ledger-api' } })
    const token = String(minted.json['token'])
    const form = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: `${bearer}.${bearer}.${bearer}`,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: key,
    })
    const exchanged = await post('/oauth2/token', form.toString(), {
      'content-type': 'application/x-www-form-urlencoded',
    })
    const broken = await post('/v1/tokens', `{"target":"${key}`, { 'content-type': 'application/json' })

    const vault = run.endpoints.processes['vault-main'] ?? 0
    process.kill(vault, 'SIGSTOP')
    const frozen = await put({ value: outage })
    process.kill(vault, 'SIGCONT')
    expect(frozen.status).toBe(503)
    answers.push(frozen)

    const callers = await Promise.all(['billing-app', 'deploy-app'].map((caller) => run.token(caller)))
    stopped = true
    expect(await run.stop()).toBe(0)

    const planted = [value, refused, outage, bearer, key, repeated, callback, token, ...callers]
    const sinks: Record<string, string> = { output: run.output(), exchanged, broken }
    for (const [index, { text, headers }] of answers.entries())
      sinks[`answer ${index}`] = text + JSON.stringify([...headers])
    for (const path of files(stateDir)) sinks[relative(stateDir, path)] = readFileSync(path, 'latin1')
    expect(Object.keys(sinks).some((name) => name.startsWith('azurite'))).toBe(true)
    // The journal records what was asked for: a target that does not exist may stand there by its name, as its resource.
    const leaks = holding(sinks, planted).filter((leak) => !(leak.startsWith('azurite') && leak.endsWith(key)))
    expect(leaks).toEqual([])
  }, 90_000)
})
