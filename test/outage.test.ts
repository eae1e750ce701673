import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forgetState, type Run, startRun, temporaryState, until } from './support/running.ts'

const CACHE_SECONDS = 5
const stateDir = temporaryState()
let run: Run

beforeAll(async () => {
  run = await startRun(stateDir, {
    SALLYPORT_SECRET_CACHE_SECONDS: String(CACHE_SECONDS),
    SALLYPORT_JOURNAL_DEADLINE_MS: '1000',
  })
}, 90_000)

afterAll(async () => {
  for (const pid of [run.endpoints.processes['azurite'], run.endpoints.processes['vault-main']])
    if (pid) signal(pid, 'SIGCONT')
  await run?.stop()
  forgetState(stateDir)
})

const read = (path = '/v1/secrets/main/stripe-api-key') => run.call(path, { caller: 'billing-app' })
const pidOf = (name: string) => run.endpoints.processes[name] ?? 0

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has gone already.
  }
}

describe('storage frozen', () => {
  it('503 journal_unavailable: nothing is handed out, whatever was cached, and it recovers by itself (T27)', async () => {
    expect((await read()).status).toBe(200)
    signal(pidOf('azurite'), 'SIGSTOP')
    const answers = await Promise.all(Array.from({ length: 20 }, () => read()))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
    expect(answers.some(({ text }) => text.includes('sk_test_'))).toBe(false)
    expect(answers[0]?.headers.get('retry-after')).toMatch(/^\d+$/)
    const denied = await run.call('/v1/secrets/main/stripe-api-key', { caller: 'stranger' })
    expect(denied.status).toBe(503)
    expect((await run.call('/healthz')).status).toBe(503)
    signal(pidOf('azurite'), 'SIGCONT')
    await until(async () => (await read()).status === 200)
    await until(async () => (await run.call('/healthz')).status === 200)
  }, 60_000)
})

describe('Key Vault stopped', () => {
  it('200 from the cache until its time, then 503 vault_unavailable, and no other secret (S6)', async () => {
    const before = await read()
    expect(before.status).toBe(200)
    signal(pidOf('vault-main'), 'SIGKILL')
    const cached = await read()
    expect([cached.status, cached.json['value']]).toEqual([200, before.json['value']])
    await until(async () => (await read()).status === 503)
    const after = await read()
    expect([after.status, after.json['code']]).toEqual([503, 'vault_unavailable'])
    expect(after.headers.get('retry-after')).toMatch(/^\d+$/)
    expect((await read('/v1/secrets/main/stripe-webhook-secret')).status).toBe(503)
    expect((await run.call('/v1/secrets/main/stripe-api-key', { caller: 'stranger' })).status).toBe(403)
  }, 60_000)
})
