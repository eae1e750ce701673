import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { secret } from '../../functions/secret.ts'
import type { Entry } from '../../shared/audit/entry.ts'
import { queryJournal } from '../../shared/audit/query.ts'
import { createAzure } from '../../shared/azure/azure.ts'
import type { CloudName } from '../../shared/azure/clouds.ts'
import { loadConfig } from '../../shared/config.ts'
import { createGateway } from '../../shared/gateway.ts'
import { handle } from '../../shared/http/handle.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { gatewayRequest } from '../support/gateway-request.ts'
import { hostGateway } from '../support/hosted-gateway.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { signingApplication } from '../support/signing-application.ts'
import { directory } from '../support/tenant.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const local = rig()
const msi = local.identityControl.managedIdentity
const ATTACHED = 'c0000000-0000-4000-8000-000000000002'
const ENVIRONMENT = { SALLYPORT_IDENTITY: '{"Credential":"Environment"}' }
const WORKLOAD = { SALLYPORT_IDENTITY: '{"Credential":"WorkloadIdentity"}' }
/** The test's own way to the tables, so that its tokens are not counted. */
const reader = createAzure(local.config())
let own: Awaited<ReturnType<typeof signingApplication>>

beforeAll(async () => {
  await local.createStorage()
  own = await signingApplication(local)
  const documents = await loadDocuments('local/seed/policies')
  await applyPolicies({ table: reader.table('policies'), documents, now: Date.now })
  await (await local.operatorVault('main')).setSecret('stripe-api-key', 'canary-value')
})
afterAll(() => own.forget())

/** A gateway whose own identity is what these settings say: one secret read for a caller. */
async function readThrough(env: Record<string, string>, token: string) {
  const config = loadConfig({ ...local.environment, SALLYPORT_JOURNAL_DEADLINE_MS: '20000', ...env })
  const lines: object[] = []
  const gateway = createGateway(config, { log: (line) => lines.push(line) })
  try {
    const request = gatewayRequest({
      ...{ txn: randomUUID(), method: 'GET', path: '/v1/secrets/main/stripe-api-key' },
      ...{ params: { vault: 'main', name: 'stripe-api-key' }, headers: { authorization: `Bearer ${token}` } },
    })
    const answer = await handle(secret, request, gateway)
    return { answer, lines, txn: request.txn, described: config.identity.described }
  } finally {
    await gateway.close()
  }
}

/** The rows that the gateway wrote about one request. */
async function written(txn: string): Promise<Entry[]> {
  const found: Entry[] = []
  const asked = {
    table: reader.table('audit'),
    filter: {},
    order: 'newest' as const,
    now: Date.now(),
  }
  for await (const { entry } of queryJournal(asked)) if ('txn' in entry && entry.txn === txn) found.push(entry)
  return found
}

const billing = () => local.callerToken('billing-app')

describe('each source of the gateway’s identity reads Key Vault and writes Table Storage (S10, S11)', () => {
  const sources: [string, () => Promise<Record<string, string>>, string][] = [
    ['client secret', async () => ({ ...ENVIRONMENT, ...own.variables, AZURE_CLIENT_SECRET: own.secret }), 'secret'],
    [
      'client certificate',
      async () => ({ ...ENVIRONMENT, ...own.variables, AZURE_CLIENT_CERTIFICATE_PATH: own.file('good.pem', own.pem) }),
      'certificate',
    ],
    [
      'user name and password',
      async () => ({
        ...{ ...ENVIRONMENT, ...own.variables },
        ...{ AZURE_USERNAME: own.username, AZURE_PASSWORD: own.password },
      }),
      'password',
    ],
    [
      'workload identity',
      async () => ({ ...WORKLOAD, ...own.variables, AZURE_FEDERATED_TOKEN_FILE: await own.tokenFile('token') }),
      'federated',
    ],
    [
      'client assertion of an attached managed identity',
      async () => ({
        SALLYPORT_IDENTITY: JSON.stringify({
          ...{ Credential: 'ClientAssertion', TenantId: local.tenant, ClientId: own.clientId },
          Assertion: { ManagedIdentityIdType: 'ClientId', Id: ATTACHED },
        }),
      }),
      'federated',
    ],
  ]

  it.each(sources)('%s: that grant and no other', async (_, settings, by) => {
    const before = (await own.grants()).length
    await msi.clear()
    const { answer, lines, txn } = await readThrough(await settings(), await billing())
    expect(answer).toMatchObject({ status: 200, json: { value: 'canary-value' } })
    expect(await written(txn)).toMatchObject([{ kind: 'result', outcome: 'ok' }, { kind: 'intent' }])
    const grants = (await own.grants()).slice(before)
    // One for storage, one for vaults, however many calls.
    expect(grants).toEqual(Array(2).fill({ clientId: own.clientId, by, authority: 'login.microsoftonline.com' }))
    const assertions = (await settings())['SALLYPORT_IDENTITY']?.includes('ClientAssertion') ? 2 : 0
    expect((await msi.counts())['msi'] ?? 0).toBe(assertions)
    expect(lines).not.toContainEqual(expect.objectContaining({ event: 'identity.unusable' }))
    expect(JSON.stringify(lines)).not.toMatch(new RegExp(`${own.secret}|${own.password}`))
  })

  it.each([
    ['system-assigned', { ManagedIdentityIdType: 'SystemAssigned' }, 'system-assigned'],
    ['user-assigned', { ManagedIdentityIdType: 'ClientId', Id: directory.gatewayIdentity?.clientId }, 'user-assigned'],
  ])('%s managed identity: the identity endpoint and not the authority', async (_, identity, described) => {
    const before = (await own.grants()).length
    await msi.clear()
    const got = await readThrough({ SALLYPORT_IDENTITY: JSON.stringify(identity) }, await billing())
    expect(got.answer).toMatchObject({ status: 200, json: { value: 'canary-value' } })
    expect(got.described).toContain(described)
    expect(await written(got.txn)).toHaveLength(2)
    expect(await msi.counts()).toEqual({ msi: 2 })
    expect(await own.grants()).toHaveLength(before)
  })
})

describe('the default chain, in a process of its own, whose environment the SDK reads itself', () => {
  const throughHost = async (env: Record<string, string>) => {
    const settings = { SALLYPORT_IDENTITY: '{"Credential":"DefaultChain"}', SALLYPORT_JOURNAL_DEADLINE_MS: '20000' }
    const host = await hostGateway({ ...local.environment, ...settings, ...env })
    try {
      const origin = `http://127.0.0.1:${host.port}`
      await until(async () => (await fetch(`${origin}/oauth2/jwks`)).ok)
      const headers = { authorization: `Bearer ${await billing()}` }
      const answer = await fetch(`${origin}/v1/secrets/main/stripe-api-key`, { headers })
      return { status: answer.status, json: await answer.json(), lines: host.lines() }
    } finally {
      await host.stop()
    }
  }

  it('takes the application of the AZURE_* variables first', async () => {
    const before = (await own.grants()).length
    await msi.clear()
    const got = await throughHost({ ...own.variables, AZURE_CLIENT_SECRET: own.secret })
    expect(got).toMatchObject({ status: 200, json: { value: 'canary-value' } })
    const by = (await own.grants()).slice(before).map((grant) => grant.by)
    expect(new Set(by)).toEqual(new Set(['secret']))
    expect(await msi.counts()).toEqual({})
    expect(got.lines.join('\n')).not.toContain(own.secret)
  })

  it('takes the managed identity of the host where nothing else is set', async () => {
    const before = (await own.grants()).length
    await msi.clear()
    expect(await throughHost({})).toMatchObject({ status: 200, json: { value: 'canary-value' } })
    expect((await msi.counts())['msi']).toBeGreaterThanOrEqual(2)
    expect(await own.grants()).toHaveLength(before)
  })
})

describe('the other clouds: their authority, vaults and storage, by their names (S11)', () => {
  const CLOUDS = [
    ['AzureChina', 'login.partner.microsoftonline.cn', 'secret'],
    ['AzureUSGovernment', 'login.microsoftonline.us', 'federated'],
  ] as const

  it.each(CLOUDS)('%s through %s', async (cloud: CloudName, authority, by) => {
    const environment = local.environmentIn(cloud)
    const issuer = `https://${authority}/${local.tenant}/v2.0`
    const documents = (await loadDocuments('local/seed/policies')) as { kind: string; name?: string }[]
    const here = documents
      .filter(({ kind, name }) => kind !== 'issuer' || name === 'local')
      .map((document) => (document.kind === 'issuer' ? { ...document, issuer } : document))
    await applyPolicies({ table: reader.table('policies'), documents: here, now: Date.now })
    const file = await own.tokenFile(`${cloud}-token`)
    const credential =
      by === 'secret' ? { ...ENVIRONMENT, AZURE_CLIENT_SECRET: own.secret } : { AZURE_FEDERATED_TOKEN_FILE: file }
    const before = (await own.grants()).length
    const got = await readThrough({ ...environment, ...own.variables, ...credential }, await callerOf(issuer))
    expect(got.answer).toMatchObject({ status: 200, json: { value: 'canary-value' } })
    expect(await written(got.txn)).toHaveLength(2)
    expect((await own.grants()).slice(before)).toEqual(Array(2).fill({ clientId: own.clientId, by, authority }))
  })

  /** The billing app's token, by that cloud's name of the tenant. */
  function callerOf(iss: string) {
    const { appId, objectId: oid } = directory.app('billing-app')
    const iat = Math.floor(Date.now() / 1_000)
    const who = { tid: local.tenant, ver: '2.0', azp: appId, oid, sub: oid, idtyp: 'app', uti: randomUUID() }
    return local.mint({ iss, aud: directory.gatewayResource.appId, iat, exp: iat + 3_600, ...who })
  }
})
