import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkClock, checkIssuer, checkProxy } from '../../cli/doctor-checks.ts'
import { main } from '../../cli/main.ts'
import { rig } from '../support/rig.ts'

const local = rig()
const nowhere = mkdtempSync(join(tmpdir(), 'sallyport-doctor-'))

beforeAll(() => local.createStorage())
beforeEach(async () => {
  await local.identityControl.managedIdentity.clear()
  await local.vaultControl('main').clear()
})
afterAll(() => rmSync(nowhere, { recursive: true, force: true }))

/** The gateway's own environment, as where it runs; its issuer answers nobody here. */
async function doctor(env: Record<string, string> = {}, ...args: string[]) {
  const lines: string[] = []
  const keep = (line: string) => void lines.push(line)
  const exit = await main(['doctor', ...args], {
    env: { ...local.environment, ...env },
    cwd: nowhere,
    out: keep,
    err: keep,
  })
  return { exit, text: lines.join('\n') }
}

type Told = { ok: boolean; checks: { name: string; ok: boolean; says: string; mend?: string }[] }
const told = async (env: Record<string, string> = {}) => {
  const { exit, text } = await doctor(env, '--json')
  const { checks } = JSON.parse(text) as Told
  return {
    exit,
    of: (name: string) => checks.find((check) => check.name === name),
    names: checks.map(({ name }) => name),
  }
}

describe('sallyport doctor', () => {
  it('names the identity source, and finds storage, vaults and clock in order', async () => {
    const { of, names } = await told()
    const all = ['configuration', 'identity', 'storage', 'vault main', 'gateway vault', 'issuer', 'clock']
    expect(names).toEqual(all)
    expect(of('identity')).toMatchObject({ ok: true, says: 'managed identity of App Service, system-assigned' })
    for (const name of all.filter((one) => one !== 'issuer')) expect(of(name)).toMatchObject({ ok: true })
  })

  it('3: an issuer that nobody reaches, with what to do', async () => {
    const { exit, text } = await doctor()
    expect(exit).toBe(3)
    expect(text).toMatch(/^wrong {2}issuer: .+ does not answer\n {9}start the gateway/m)
  })

  it('names an identity that is not attached, and how to mend it', async () => {
    const id = '99999999-9999-4999-8999-999999999999'
    const { of } = await told({ SALLYPORT_IDENTITY: JSON.stringify({ ManagedIdentityIdType: 'ClientId', Id: id }) })
    expect(of('identity')).toMatchObject({
      ok: false,
      says: `managed identity of App Service, user-assigned by ClientId ${id}: the managed identity is refused (status 400)`,
      mend: expect.stringContaining('SALLYPORT_IDENTITY'),
    })
    expect(of('storage')).toMatchObject({ ok: false })
    expect(of('clock')).toMatchObject({ ok: false, mend: 'mend storage first' })
  })

  it('says which role a vault that refuses wants', async () => {
    const body = '{"error":{"code":"Forbidden","message":"canary","innererror":{"code":"ForbiddenByRbac"}}}'
    await local.vaultControl('main').fault({ kind: 'garbage', status: 403, body, times: 10 })
    const { of } = await told()
    expect(of('vault main')).toMatchObject({ ok: false, mend: expect.stringContaining('Key Vault Secrets Officer') })
    expect(JSON.stringify(of('vault main'))).not.toContain('canary')
  })

  it('1: a wrong setting by name, without its value; NODE_TLS_REJECT_UNAUTHORIZED=0 is one', async () => {
    for (const setting of [{ SALLYPORT_IDENTITY: 'canary' }, { NODE_TLS_REJECT_UNAUTHORIZED: '0' }]) {
      const { exit, text } = await doctor(setting)
      expect(exit).toBe(1)
      expect(text).toContain('wrong  configuration')
      expect(text).toContain(Object.keys(setting)[0])
      expect(text).not.toContain('canary')
    }
  })

  it('3: nothing runs with the state folder', async () => {
    const { exit, text } = await doctor({}, '--state', nowhere)
    expect(exit).toBe(3)
    expect(text).toContain('start it with `npm start`')
  })
})

describe('checks of the doctor', () => {
  it('a clock that is off is wrong, either way', () => {
    const at = (skew: number) => checkClock({ clockSkewMs: () => skew } as never)
    expect(at(29_000)).toMatchObject({ ok: true })
    expect(at(31_000)).toMatchObject({ ok: false, says: '31.0 s behind storage' })
    expect(at(-31_000)).toMatchObject({ ok: false, says: '31.0 s ahead of storage' })
  })

  it('a proxy is shown without its password', () => {
    const env = { HTTPS_PROXY: 'http://me:canary@proxy.example:8080', NODE_EXTRA_CA_CERTS: '/etc/ca.pem' }
    expect(JSON.stringify(checkProxy(env))).not.toContain('canary')
    expect(checkProxy(env).map(({ says }) => says)).toEqual(['proxy.example:8080', '/etc/ca.pem'])
  })

  it('an address that answers as somebody else is no issuer', async () => {
    const { createServer } = await import('node:http')
    const server = createServer((_, response) => response.end('{"issuer":"https://other.example"}'))
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const address = server.address()
    const port = typeof address === 'object' ? address?.port : 0
    const finding = await checkIssuer({ issuer: `http://127.0.0.1:${port}` } as never)
    server.close()
    expect(finding).toMatchObject({ ok: false, mend: expect.stringContaining('SALLYPORT_ISSUER') })
  })
})
