import { ExternalAccountClient, type IdentityPoolClientOptions } from 'google-auth-library'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createAzure } from '../../shared/azure/azure.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { googleNames } from '../support/google.ts'
import { type HostedGateway, hostGateway } from '../support/hosted-gateway.ts'
import { httpsCall } from '../support/https-call.ts'
import { rig } from '../support/rig.ts'
import { until } from '../support/running.ts'
import { statement } from '../support/secret-gateway.ts'

// A whole gateway starts here; a busy machine needs its time.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

const local = rig()
const google = googleNames(local)
const BIGQUERY = 'https://www.googleapis.com/auth/bigquery.readonly'
let host: HostedGateway
let origin: string

const target = {
  kind: 'target',
  name: 'warehouse',
  access: 'read',
  token: { kind: 'google', provider: google.provider, serviceAccount: google.serviceAccount, scopes: [BIGQUERY] },
}

beforeAll(async () => {
  await local.createStorage()
  const documents = [
    ...(await loadDocuments('local/seed/policies')),
    target,
    statement('analytics-warehouse', 'analytics-app', ['token-reader'], ['token/warehouse']),
  ]
  await applyPolicies({ table: createAzure(local.config()).table('policies'), documents, now: Date.now })
  host = await hostGateway({ ...local.environment, SALLYPORT_JOURNAL_DEADLINE_MS: '20000' })
  origin = `http://127.0.0.1:${host.port}`
  await until(async () => (await fetch(`${origin}/oauth2/jwks`)).ok)
  const jwks = (await (await fetch(`${origin}/oauth2/jwks`)).json()) as { keys: Record<string, unknown>[] }
  await local.addClouds({
    providers: [
      { project: '123456789012', pool: google.pool, provider: 'gateway', issuer: local.config().issuer, jwks },
    ],
    serviceAccounts: [{ email: google.serviceAccount, impersonators: [google.subject('warehouse')] }],
  })
})
afterAll(() => host.stop())

/** What a person writes into the file that GOOGLE_APPLICATION_CREDENTIALS names. */
const configuration = (token: string, changes: object = {}): IdentityPoolClientOptions & { type: string } => ({
  type: 'external_account',
  audience: 'warehouse',
  subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  token_url: `${origin}/oauth2/token`,
  credential_source: {
    url: `${origin}/v1/subject-tokens/warehouse`,
    headers: { Authorization: `Bearer ${token}` },
    format: { type: 'json', subject_token_field_name: 'subject_token' },
  },
  ...changes,
})

describe('an unmodified google-auth-library on the gateway', () => {
  it('gets a service account’s token through subject-token URL and token endpoint', async () => {
    const client = ExternalAccountClient.fromJSON(configuration(await local.callerToken('analytics-app')))
    const { token } = (await client?.getAccessToken()) ?? {}
    const url = `https://oauth2.googleapis.com/tokeninfo?access_token=${token}`
    expect((await httpsCall(url, { agent: local.agent })).json).toMatchObject({
      email: google.serviceAccount,
      scope: BIGQUERY,
    })
    expect(client?.credentials.expiry_date).toBeGreaterThan(Date.now() + 10 * 60_000)
  })

  it('is refused for a caller without permission, and for a scope that the target does not have', async () => {
    const stranger = ExternalAccountClient.fromJSON(configuration(await local.callerToken('stranger')))
    await expect(stranger?.getAccessToken()).rejects.toMatchObject({ status: 403 })
    const wide = { scopes: ['https://www.googleapis.com/auth/devstorage.full_control'] }
    const greedy = ExternalAccountClient.fromJSON(configuration(await local.callerToken('analytics-app'), wide))
    await expect(greedy?.getAccessToken()).rejects.toThrow(/invalid_scope/)
  })
})
