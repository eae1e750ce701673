import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { entryFile } from '../local/entry-file.ts'
import { repositoryRoot } from '../local/repository-root.ts'
import { forgetState, type Run, startRun, temporaryState } from './support/running.ts'

const stateDir = temporaryState()
let run: Run

beforeAll(async () => {
  run = await startRun(stateDir)
}, 90_000)

afterAll(async () => {
  await run?.stop()
  forgetState(stateDir)
})

const SECRET = '/v1/secrets/main/stripe-api-key'

const sallyport = (...args: string[]) =>
  JSON.parse(
    execFileSync(process.execPath, [entryFile('cli/main.ts'), ...args, '--json', '--state', stateDir], {
      cwd: repositoryRoot,
      encoding: 'utf8',
    }),
  )

/** Bodies of refusals without what is different for each request. */
const withoutIds = (text: string) => text.replace(/"instance":"[^"]+"/, '"instance":"…"')

describe('the main job, from start to stop', () => {
  it('200: the gateway is healthy and says that it runs on local servers', async () => {
    const { status, json } = await run.call('/healthz')
    expect([status, json['status'], json['mode']]).toEqual([200, 'ok', 'local'])
  })

  it('200: a permitted caller gets the secret, with a receipt', async () => {
    const { status, json, headers } = await run.call(SECRET, { caller: 'billing-app' })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      vault: 'main',
      name: 'stripe-api-key',
      stage: 'current',
      value: expect.stringMatching(/^sk_test_/),
    })
    expect(headers.get('x-sallyport-receipt')).toMatch(/^[0-9a-f]{32};\d+;.{16}$/)
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('403 access_denied: to a stranger a secret that exists and one that does not look the same (T20)', async () => {
    const [real, missing] = [
      await run.call(SECRET, { caller: 'stranger' }),
      await run.call('/v1/secrets/main/nope', { caller: 'stranger' }),
    ]
    expect([real.status, missing.status]).toEqual([403, 403])
    expect(withoutIds(real.text)).toBe(withoutIds(missing.text))
    expect([...real.headers.keys()]).toEqual([...missing.headers.keys()])
  })

  it('401 invalid_token: a forged platform header is no credential (T9)', async () => {
    const headers = {
      'x-ms-client-principal': Buffer.from('{"userId":"admin"}').toString('base64'),
      'x-ms-client-principal-id': 'admin',
    }
    const { status, json } = await run.call(SECRET, { headers })
    expect([status, json['code']]).toEqual([401, 'missing_token'])
  })

  it('410 secret_expired: Key Vault would serve it', async () => {
    const { status, json } = await run.call('/v1/secrets/main/smtp-password', { caller: 'orders-app' })
    expect([status, json['code']]).toEqual([410, 'secret_expired'])
  })

  it('200: a token for the internal API verifies against the published keys', async () => {
    const { json } = await run.call('/v1/tokens', { caller: 'billing-app', json: { target: 'ledger-api' } })
    const keys = await run.call('/oauth2/jwks')
    const verified = await jwtVerify(String(json['token']), createLocalJWKSet(keys.json as never), {
      issuer: run.endpoints.gateway,
      audience: 'api://ledger',
      typ: 'at+jwt',
    })
    expect(verified.payload.jti).toBeTypeOf('string')
  })

  it('403 access_denied: a READ-only role gets no token with write power', async () => {
    const { status } = await run.call('/v1/tokens', { caller: 'reports-app', json: { target: 'ledger-api' } })
    expect(status).toBe(403)
  })

  it('201: a deployer writes a new version that a reader then gets, and reads nothing itself', async () => {
    const put = await run.call(SECRET, { caller: 'deploy-app', method: 'PUT', json: { value: 'sk_test_rotated' } })
    expect(put.status, put.text).toBeLessThan(300)
    expect(put.text).not.toContain('sk_test_rotated')
    expect((await run.call(SECRET, { caller: 'deploy-app' })).status).toBe(403)
    expect((await run.call(SECRET, { caller: 'billing-app' })).json['value']).toBe('sk_test_rotated')
  })

  it('405 method_not_allowed: with Allow, where the host alone would say 404', async () => {
    const { status, headers } = await run.call(SECRET, { caller: 'billing-app', method: 'DELETE' })
    expect([status, headers.get('allow')]).toEqual([405, 'GET, PUT'])
  })

  it('records intent and result of a hand-out, one denial of a refusal, and verifies (S7)', async () => {
    const handOut = await run.call(SECRET, { caller: 'billing-app' })
    const refusal = await run.call(SECRET, { caller: 'stranger' })
    const txn = (answer: typeof handOut) => answer.headers.get('x-sallyport-txn')
    // The result follows the answer; the next durable entry of the same writer carries it along.
    await run.call(SECRET, { caller: 'billing-app' })
    const entries: { kind: string; txn?: string }[] = sallyport('audit', 'query').value
    const kinds = (wanted: string | null) => entries.filter((entry) => entry.txn === wanted).map(({ kind }) => kind)
    expect(kinds(txn(handOut)).sort()).toEqual(['intent', 'result'])
    expect(kinds(txn(refusal))).toEqual(['denial'])
    expect(sallyport('audit', 'verify')).toMatchObject({ ok: true })
  })

  it('keeps everything over Ctrl-C and a new start, and says where it is only while it runs', async () => {
    const before = await run.call(SECRET, { caller: 'billing-app' })
    expect(await run.stop()).toBe(0)
    expect(existsSync(join(stateDir, 'endpoints.json'))).toBe(false)
    run = await startRun(stateDir)
    const after = await run.call(SECRET, { caller: 'billing-app' })
    expect(after.json['version']).toBe(before.json['version'])
    expect(sallyport('audit', 'verify')).toMatchObject({ ok: true })
  }, 90_000)
})
