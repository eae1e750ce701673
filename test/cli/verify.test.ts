import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import type { Callers } from '../support/running.ts'
import { sallyport as command } from '../support/sallyport.ts'
import { sharedRun } from '../support/shared-run.ts'

// docs/operations.md, "Verify a deployment": against the whole local run, and against what only looks like a gateway.

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

let run: Callers
beforeAll(async () => {
  run = await sharedRun()
})

const SECRETS = ['--secret', 'main/stripe-api-key', '--denied', 'main/payroll-db-password']
const verify = (args: string[]) => command(['verify', ...args], { cwd: run.stateDir })
const asBilling = (args: string[]) => verify([...args, '--caller', 'billing-app', '--state', run.stateDir])

/** Answers like a gateway in trouble: unhealthy, private keys in public, everybody let in, one token in every answer. */
async function impostor(): Promise<{ url: string; stop(): void }> {
  const server = createServer(({ url, headers }, response) => {
    const self = `http://${headers.host}`
    const answers: Record<string, [number, object]> = {
      '/healthz': [503, { status: 'failing', checks: { journal: 'failing' } }],
      '/.well-known/openid-configuration': [200, { issuer: self, jwks_uri: `${self}/keys` }],
      '/keys': [200, { keys: [{ alg: 'ES256', d: 'private-part' }] }],
      '/v1/whoami': [200, { principal: 'anybody' }],
    }
    const [status, json] = answers[url ?? ''] ?? [200, { value: 'given-out' }]
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json))
  }).listen(0, '127.0.0.1')
  await new Promise((ready) => server.once('listening', ready))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop: () => void server.close() }
}

describe('verify', () => {
  test('0: health, keys, a 401, a token, a secret read, a 403, the journal; no value is shown', async () => {
    const { exit, out } = await asBilling(SECRETS)
    const names = out.split('\n').map((line) => line.replace(/^ok {4} (.+?): .*$/, '$1'))
    const secrets = ['a secret that may be read', 'a secret that may not be read']
    expect(names).toEqual(['health', 'discovery', 'keys', 'no token', 'token', ...secrets, 'journal'])
    expect(exit).toBe(0)
    expect(out).not.toContain('sk_test_')
  })

  test('1: a secret given out that should not be, one refused that should be read', async () => {
    const { exit, out } = await asBilling(['--secret', 'main/payroll-db-password', '--denied', 'main/stripe-api-key'])
    expect(exit).toBe(1)
    expect(out).toMatch(/^wrong {2}a secret that may be read: .*403 access_denied/m)
    expect(out).toMatch(/^wrong {2}a secret that may not be read: .*main\/stripe-api-key WAS GIVEN OUT/m)
    expect(out).not.toContain('sk_test_')
  })

  test('1: each thing that is wrong is said, and no private part or value is', async () => {
    const { url, stop } = await impostor()
    writeFileSync(join(run.stateDir, 'verify-token'), 'a-token')
    const { exit, out } = await verify([...SECRETS, '--gateway', url, '--token-file', 'verify-token'])
    stop()
    expect(exit).toBe(1)
    expect(out).toContain('wrong  health: /healthz answers 503: {"journal":"failing"}')
    expect(out).toMatch(/^wrong {2}keys: .* SHOWS A PRIVATE KEY$/m)
    expect(out).toContain('wrong  no token: answered with 200 instead of 401 missing_token')
    expect(out).toMatch(/^wrong {2}a secret that may not be read: .* WAS GIVEN OUT$/m)
    expect(out).toContain('ok     journal: not looked at')
    expect(out).not.toMatch(/private-part|given-out|a-token/)
  })

  test('2: without both secrets neither a yes nor a no would be seen', async () => {
    expect(await asBilling(['--secret', 'main/stripe-api-key'])).toMatchObject({
      exit: 2,
      err: 'sallyport: --denied VAULT/NAME: a secret that the caller may not read',
    })
  })
})
