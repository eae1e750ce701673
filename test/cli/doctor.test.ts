import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkClock, checkIssuer, checkProxy } from '../../cli/doctor-checks.ts'
import { checkDns } from '../../cli/doctor-dns.ts'
import { main } from '../../cli/main.ts'
import clouds from '../../local/seed/clouds.json' with { type: 'json' }
import { rig } from '../support/rig.ts'
import { directory } from '../support/tenant.ts'

const local = rig()
const GATEWAY = directory.gatewayIdentity?.objectId ?? ''
const GROUP = `/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/${local.account}`
const SECRETS_USER = '4633458b-17de-408a-b874-0445c86b69e6'
const TABLES_ROLE = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

/** The roles of the local run's gateway (local/seed/clouds.json), on this file's vaults and storage. */
const rolesIn = (group: string) =>
  clouds.roleAssignments.map((one) => ({
    ...{ ...one, name: randomUUID() },
    // Here no policy lets anybody write.
    ...(one.scope.endsWith('-main') && { roleDefinition: SECRETS_USER }),
    scope: one.scope
      .replace(/^.*\/resourceGroups\/sallyport/, group)
      .replace('/sallyportdev/', `/${local.account}/`)
      .replace('/vaults/sallyport-', `/vaults/${local.account}-`),
  }))

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
  it('names the identity source, and finds storage, vaults, clock and roles in order', async () => {
    await local.addClouds({ roleAssignments: rolesIn(GROUP) })
    const { of, names } = await told({ SALLYPORT_REVIEW_SCOPES: GROUP })
    const all = [
      'configuration',
      'identity',
      'dns',
      'storage',
      'vault main',
      'gateway vault',
      'issuer',
      'clock',
      'roles',
    ]
    expect(names).toEqual(all)
    expect(of('identity')).toMatchObject({ ok: true, says: 'managed identity of App Service, system-assigned' })
    for (const name of all.filter((one) => one !== 'issuer')) expect(of(name)).toMatchObject({ ok: true })
  })

  it('1: names what the gateway’s roles lack and what is too much, with the role to give; where to look, when nobody said', async () => {
    const group = `${GROUP}-b`
    const { of: before } = await told({ SALLYPORT_REVIEW_SCOPES: group })
    expect(before('roles')).toMatchObject({ says: 'may not be read', mend: expect.stringContaining('Reader') })
    const lacking = rolesIn(group).filter(({ scope }) => !scope.endsWith('-main'))
    const account = `${group}/providers/Microsoft.Storage/storageAccounts/${local.account}`
    const whole = { name: randomUUID(), scope: account, principalId: GATEWAY, roleDefinition: TABLES_ROLE }
    await local.addClouds({ roleAssignments: [...lacking, whole] })
    const { text } = await doctor({ SALLYPORT_REVIEW_SCOPES: group })
    const vault = `Microsoft.KeyVault/vaults/${local.account}-main`
    expect(text).toContain(`wrong  roles: nothing permits secrets/getSecret, secrets/readMetadata on ${vault} (vault`)
    expect(text).toContain('\n         give the identity `Key Vault Secrets User` there')
    expect(text).toContain('`Storage Table Data Contributor` on')
    expect(text).toContain('may change or remove what is in the journal')
    const { of } = await told({ SALLYPORT_REVIEW_SCOPES: '' })
    expect(of('roles')).toMatchObject({ ok: false, mend: expect.stringContaining('SALLYPORT_REVIEW_SCOPES') })
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

  it('names without an address, and which have a private one', async () => {
    const { local: _, ...config } = local.config()
    const private10 = async () => [{ address: '10.0.0.4' }]
    const dns = await checkDns(config, (host) =>
      host.includes('login') ? Promise.resolve([{ address: '20.190.1.1' }]) : private10(),
    )
    expect(dns).toMatchObject({ ok: true, says: expect.stringMatching(/^5 names; private: .*table\.core/) })
    expect(dns.says).not.toContain('login.microsoftonline.com')
    const gone = await checkDns(config, (host) =>
      host.includes('gateway.vault') ? Promise.reject(new Error('ENOTFOUND')) : private10(),
    )
    expect(gone).toMatchObject({ ok: false, mend: expect.stringContaining('private DNS zones') })
    expect(gone.says).toContain(`no address for ${local.account}-gateway.vault.azure.net`)
  })

  it('a proxy is shown without its password', () => {
    const env = { HTTPS_PROXY: 'http://me:canary@proxy.example:8080', NODE_EXTRA_CA_CERTS: '/etc/ca.pem' }
    expect(JSON.stringify(checkProxy(env))).not.toContain('canary')
    expect(checkProxy(env).map(({ says }) => says)).toEqual(['proxy.example:8080', '/etc/ca.pem'])
  })

  it('an address that answers as somebody else is no issuer, nor is a page without the gateway’s keys or with more', async () => {
    const { createServer } = await import('node:http')
    let issuer = 'https://other.example'
    let published = ['one', 'old']
    const server = createServer(({ url }, response) =>
      response.end(JSON.stringify(url === '/oauth2/jwks' ? { keys: published.map((kid) => ({ kid })) } : { issuer })),
    )
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    const address = server.address()
    const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
    const row = (kid: string) => ({
      ...{ partitionKey: 'keys', rowKey: `signing|ES256|${kid}`, etag: kid, jwk: '{}', secretVersion: kid },
      ...{ state: 'active', createdAt: '2026-11-01T00:00:00Z' },
    })
    async function* list() {
      yield* [row('one'), row('two')]
    }
    const check = () => checkIssuer({ issuer: origin } as never, { table: () => ({ list }) } as never)
    expect(await check()).toMatchObject({ ok: false, mend: expect.stringContaining('SALLYPORT_ISSUER') })
    issuer = origin
    expect((await check()).says).toMatch(/1 keys of the gateway are missing, 1 are none of its own$/)
    published = ['one']
    expect((await check()).says).toMatch(/1 keys of the gateway are missing, 0 are none of its own$/)
    published = ['two', 'old', 'one']
    expect((await check()).says).toMatch(/0 keys of the gateway are missing, 1 are none of its own$/)
    published = ['two', 'one']
    expect(await check()).toMatchObject({ ok: true, says: expect.stringContaining('the gateway’s keys') })
    server.close()
  })
})
