import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../cli/main.ts'
import { createGateway } from '../../shared/gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { certificate, signingApplication } from '../support/signing-application.ts'

const local = rig()
const DAY_MS = 86_400_000
const ENVIRONMENT = { SALLYPORT_IDENTITY: '{"Credential":"Environment"}' }
const WORKLOAD = { SALLYPORT_IDENTITY: '{"Credential":"WorkloadIdentity"}' }
const ATTACHED = { ManagedIdentityIdType: 'ClientId', Id: 'c0000000-0000-4000-8000-000000000002' }
let own: Awaited<ReturnType<typeof signingApplication>>

beforeAll(async () => {
  await local.createStorage()
  own = await signingApplication(local)
})
afterAll(() => own.forget())

type Settings = Record<string, string>
type Finding = { name: string; ok: boolean; says: string; mend?: string }

/** What `sallyport doctor` says of the identity where the gateway runs. */
async function identityAt(env: Settings): Promise<Finding | undefined> {
  const lines: string[] = []
  const keep = (line: string) => void lines.push(line)
  await main(['doctor', '--json'], { env: { ...local.environment, ...env }, cwd: own.folder, out: keep, err: keep })
  const { checks } = JSON.parse(lines.join('\n')) as { checks: Finding[] }
  return checks.find(({ name }) => name === 'identity' || (name === 'configuration' && checks.length === 1))
}

/** What the gateway itself logs when it starts so. */
async function startedWith(env: Settings): Promise<Record<string, unknown>> {
  const lines: Record<string, unknown>[] = []
  const gateway = createGateway(local.config({ SALLYPORT_JOURNAL_DEADLINE_MS: '100', ...env }), {
    log: (line) => lines.push(line),
  })
  const unusable = () => lines.find(({ event }) => event === 'identity.unusable')
  await until(() => unusable() !== undefined)
  await gateway.close()
  return unusable() ?? {}
}

const application = (changes: Settings = {}) => ({ ...own.variables, ...changes })
const secret = (changes: Settings = {}) => ({
  ...ENVIRONMENT,
  ...application({ AZURE_CLIENT_SECRET: own.secret, ...changes }),
})
const byCertificate = (path: string) => ({ ...ENVIRONMENT, ...application({ AZURE_CLIENT_CERTIFICATE_PATH: path }) })
const byFile = (path: string) => ({ ...WORKLOAD, ...application({ AZURE_FEDERATED_TOKEN_FILE: path }) })
const byPassword = (AZURE_PASSWORD: string) => ({
  ...ENVIRONMENT,
  ...application({ AZURE_USERNAME: own.username, AZURE_PASSWORD }),
})
const byAssertion = (changes: object = {}) => ({
  SALLYPORT_IDENTITY: JSON.stringify({
    ...{ Credential: 'ClientAssertion', TenantId: local.tenant, ClientId: own.clientId, Assertion: ATTACHED },
    ...changes,
  }),
})

describe('doctor names the detected source of the identity (S10)', () => {
  it.each<[string, () => Promise<Settings>, RegExp]>([
    ['system-assigned', async () => ({}), /^managed identity of App Service, system-assigned$/],
    [
      'user-assigned',
      async () => ({ SALLYPORT_IDENTITY: JSON.stringify(ATTACHED) }),
      /^managed identity of App Service, user-assigned by ClientId c0/,
    ],
    ['client secret', async () => secret(), /^application \S{36} by client secret \(AZURE_CLIENT_SECRET\)$/],
    ['certificate', async () => byCertificate(own.file('a.pem', own.pem)), /by client certificate \(\S+a\.pem\)$/],
    ['password', async () => byPassword(own.password), /^user \S+ by password \(AZURE_PASSWORD; legacy\)$/],
    ['workload identity', async () => byFile(await own.tokenFile('a')), /by workload identity \(token file \S+a\)$/],
    ['the file alone', async () => application({ AZURE_FEDERATED_TOKEN_FILE: await own.tokenFile('a') }), /token file/],
    [
      'client assertion',
      async () => byAssertion(),
      /by assertion of the managed identity of App Service, user-assigned/,
    ],
    ['default chain', async () => ({ SALLYPORT_IDENTITY: '{"Credential":"DefaultChain"}' }), /^default chain/],
  ])('%s', async (_, settings, says) => {
    expect(await identityAt(await settings())).toMatchObject({ ok: true, says: expect.stringMatching(says) })
  })
})

describe('an identity that cannot work: source, reason and remedy, at the start and by doctor', () => {
  const seconds = () => Math.floor(Date.now() / 1_000)
  const foreign = local.issuer('foreign')
  const token = (name: string, changes: object) => async () => byFile(await own.tokenFile(name, { ...changes }))
  const file = (name: string, text: string) => async () => byCertificate(own.file(name, text))

  it.each<[string, () => Promise<Settings>, RegExp, RegExp]>([
    ['a wrong secret', async () => secret({ AZURE_CLIENT_SECRET: 'canary' }), /AADSTS7000215/, /AZURE_CLIENT_SECRET/],
    ['an unknown client', async () => secret({ AZURE_CLIENT_ID: randomUUID() }), /know.+700016/, /AZURE_CLIENT_ID/],
    ['an unknown tenant', async () => secret({ AZURE_TENANT_ID: randomUUID() }), /tenant.+90002/, /AZURE_TENANT_ID/],
    ['a wrong password', async () => byPassword('canary'), /password is refused \(AADSTS50126/, /AZURE_PASSWORD/],
    ['no certificate file', async () => byCertificate('/nothing/here.pem'), /does not exist/, /CERTIFICATE_PATH/],
    ['a folder', async () => byCertificate(own.folder), /cannot be read/, /CERTIFICATE_PATH/],
    ['no certificate', file('text.pem', 'canary'), /form of a credential/, /CERTIFICATE_PATH/],
    [
      'a certificate without key',
      async () => byCertificate(own.file('c.pem', own.pem.slice(own.pem.indexOf('-----BEGIN CERT')))),
      /form/,
      /PATH/,
    ],
    [
      'an expired certificate',
      async () =>
        byCertificate(own.file('old.pem', (await certificate(Date.now() - 9 * DAY_MS, Date.now() - DAY_MS)).pem)),
      /certificate has expired/,
      /CERTIFICATE_PATH/,
    ],
    [
      'a certificate that is not registered',
      async () => byCertificate(own.file('other.pem', (await certificate()).pem)),
      /certificate is refused \(AADSTS700027/,
      /register the certificate/,
    ],
    ['no token file', async () => byFile('/nothing/here'), /does not exist/, /AZURE_FEDERATED_TOKEN_FILE/],
    ['a token file without one', async () => byFile(own.file('t', 'canary')), /form of a credential/, /TOKEN_FILE/],
    ['an expired assertion', token('e', { exp: 1_700_000_000 }), /AADSTS700024/, /must not have ended/],
    ['another subject', token('s', { sub: 'system:serviceaccount:x:y' }), /AADSTS700213/, /federated credential/],
    ['another audience', token('u', { aud: 'api://x' }), /AADSTS700212/, /audience/],
    [
      'another issuer',
      async () =>
        byFile(own.file('i', await foreign.mint({ iss: foreign.issuer, sub: 'x', aud: 'x', exp: seconds() + 60 }))),
      /AADSTS700211/,
      /issuer/,
    ],
    [
      'an identity without trust',
      async () => byAssertion({ Assertion: { ManagedIdentityIdType: 'SystemAssigned' } }),
      /assertion of the managed identity is refused \(AADSTS700213/,
      /federated credential/,
    ],
    [
      'an identity that is not attached',
      async () => ({ SALLYPORT_IDENTITY: JSON.stringify({ ...ATTACHED, Id: randomUUID() }) }),
      /managed identity is refused/,
      /attach/,
    ],
  ])('%s', async (_, settings, why, remedy) => {
    const env = await settings()
    const { described } = local.config(env).identity
    const found = await identityAt(env)
    expect(found).toMatchObject({ ok: false, mend: expect.stringMatching(remedy) })
    expect(found?.says).toMatch(why)
    expect(found?.says.startsWith(`${described}: `)).toBe(true)
    const line = await startedWith(env)
    expect(line).toMatchObject({ identity: described, why: expect.stringMatching(why), remedy: found?.mend })
    expect(JSON.stringify([found, line])).not.toMatch(/canary|eyJ/)
  })

  it.each<[string, Settings, string]>([
    ['nothing set', ENVIRONMENT, 'AZURE_TENANT_ID'],
    [
      'a client without any credential',
      { ...ENVIRONMENT, AZURE_TENANT_ID: local.tenant, AZURE_CLIENT_ID: local.tenant },
      'AZURE_CLIENT_SECRET',
    ],
    [
      'no token file named',
      { ...WORKLOAD, AZURE_TENANT_ID: local.tenant, AZURE_CLIENT_ID: local.tenant },
      'AZURE_FEDERATED_TOKEN_FILE',
    ],
  ])('the start is refused: %s', async (_, env, names) => {
    const found = await identityAt(env)
    expect(found).toMatchObject({ name: 'configuration', ok: false })
    expect(JSON.stringify(found)).toContain(names)
    expect(JSON.stringify(found)).not.toContain('canary')
    expect(() => local.config(env)).toThrow(names)
  })

  it('a wrong secret is not tried again while the process lives: nothing gets locked out', async () => {
    const { createAzure } = await import('../../shared/azure/azure.ts')
    const azure = createAzure(local.config(byPassword('canary-2')))
    const authority = local.identityControl.of(own.clientId)
    await authority.clear()
    for (let call = 0; call < 5; call += 1) await expect(azure.checkIdentity()).rejects.toThrow()
    expect((await authority.counts())['token']).toBe(1)
  })

  it('the local authority verifies what it is shown: an altered assertion is refused', async () => {
    const path = await own.tokenFile('good')
    expect(await identityAt(byFile(path))).toMatchObject({ ok: true })
    const { readFileSync } = await import('node:fs')
    const good = readFileSync(path, 'utf8')
    expect(decodeJwt(good)).toMatchObject({ sub: 'system:serviceaccount:sallyport:gateway' })
    const altered = `${good.slice(0, -4)}${good.slice(-4) === 'AAAA' ? 'BBBB' : 'AAAA'}`
    const found = await identityAt(byFile(own.file('altered', altered)))
    expect(found).toMatchObject({ ok: false, says: expect.stringContaining('AADSTS50013') })
  })
})
