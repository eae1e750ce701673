import { describe, expect, it } from 'vitest'
import { AZURE_MARKERS, loadConfig, SETTING_NAMES } from '../../shared/config.ts'

const AZURE = {
  SALLYPORT_ISSUER: 'https://gw.example',
  SALLYPORT_TABLE_ENDPOINT: 'https://acct.table.core.windows.net/',
  SALLYPORT_VAULTS: 'main=https://kv-main.vault.azure.net,eu=https://kv-eu.vault.azure.net/',
  SALLYPORT_GATEWAY_VAULT: 'https://kv-gateway.vault.azure.net',
}
const LOCAL = {
  ...AZURE,
  SALLYPORT_ISSUER: 'http://127.0.0.1:7071',
  SALLYPORT_ALLOW_STUBS: '1',
  SALLYPORT_LOCAL_HOSTS: 'acct.table.core.windows.net=127.0.0.1:10002',
  SALLYPORT_LOCAL_CA: 'ca.pem',
}

describe('loadConfig', () => {
  it('reads a deployment, vault URLs as origins, limits by default', () => {
    const config = loadConfig(AZURE)
    expect(config).toMatchObject({ mode: 'azure', cloud: 'AzurePublic', trustedHops: 1, journalDeadlineMs: 2_000 })
    expect([...config.vaults]).toEqual([
      ['main', 'https://kv-main.vault.azure.net'],
      ['eu', 'https://kv-eu.vault.azure.net'],
    ])
    expect(config.local).toBeUndefined()
    // Writing policies over HTTP is a choice of its own.
    expect(config.policyApi).toBe(false)
    expect(loadConfig({ ...AZURE, SALLYPORT_POLICY_API: 'on' }).policyApi).toBe(true)
    expect(config.principalRate).toEqual({ count: 3_000, windowSeconds: 60 })
  })

  it('knows the issuer’s page, whose account is its own', () => {
    const page = 'https://page.blob.core.windows.net/$web'
    const config = loadConfig({ ...AZURE, SALLYPORT_ISSUER_PAGES: page })
    expect(config).toMatchObject({ issuerPages: page, ownStorageAccounts: ['acct', 'page'] })
    expect(loadConfig(AZURE).issuerPages).toBeUndefined()
  })

  it('names every wrong setting at once', () => {
    const wrong = { ...AZURE, SALLYPORT_ISSUER: 'gw', SALLYPORT_TRUSTED_HOPS: '-1', SALLYPORT_CLOUD: 'Mars' }
    expect(() => loadConfig(wrong)).toThrow(/SALLYPORT_CLOUD[\s\S]*SALLYPORT_ISSUER[\s\S]*SALLYPORT_TRUSTED_HOPS/)
  })

  it.each(Object.keys(AZURE))('refuses to start without %s', (name) => {
    expect(() => loadConfig({ ...AZURE, [name]: undefined })).toThrow(name)
  })

  it.each([
    { SALLYPORT_VAULTS: 'main=https://kv-gateway.vault.azure.net' },
    { SALLYPORT_VAULTS: 'main=https://KV-GATEWAY.vault.azure.net:443/secrets' },
    { SALLYPORT_VAULTS: 'Main=https://kv.vault.azure.net' },
    { SALLYPORT_VAULTS: '..=https://kv.vault.azure.net' },
    { SALLYPORT_VAULTS: 'main=http://kv.vault.azure.net' },
    { SALLYPORT_VAULTS: 'main' },
    { SALLYPORT_CALLBACK_HOSTS: '*' },
    { SALLYPORT_CALLBACK_HOSTS: '127.0.0.1:8443' },
    { SALLYPORT_ISSUER: 'http://gw.example' },
    { SALLYPORT_ISSUER: 'https://gw.example/tenant' },
    { SALLYPORT_ISSUER: 'https://gw.example/?a=b' },
    { SALLYPORT_TABLE_ENDPOINT: 'http://acct.table.core.windows.net' },
    { SALLYPORT_SECRET_CACHE_SECONDS: '0' },
    { SALLYPORT_GRANT_MAX_SECONDS: '59' },
    { SALLYPORT_GRANT_MAX_SECONDS: '86401' },
    { SALLYPORT_ISSUER_PAGES: 'http://page.blob.core.windows.net/$web' },
    { SALLYPORT_ISSUER_PAGES: 'https://page.blob.core.windows.net' },
    { SALLYPORT_ISSUER_PAGES: 'https://page.blob.core.windows.net/$web/' },
    { SALLYPORT_ISSUER_PAGES: 'https://page.blob.core.windows.net/$web?sig=x' },
    { SALLYPORT_ISSUER_PAGES: 'https://me@page.blob.core.windows.net/$web' },
    { SALLYPORT_POLICY_API: 'yes' },
    { SALLYPORT_PRINCIPAL_RATE: '0/min' },
    { SALLYPORT_PRINCIPAL_RATE: '3000' },
    { SALLYPORT_POLICY_POLL_SECONDS: '1e9' },
    { SALLYPORT_POLICY_POLL_SECONDS: '40', SALLYPORT_POLICY_MAX_STALE_SECONDS: '60' },
  ])('refuses %j', (wrong) => {
    expect(() => loadConfig({ ...AZURE, ...wrong })).toThrow('the configuration is wrong')
  })

  it.each([
    '--report-on-fatalerror',
    '--report-uncaught-exception',
    '--heapsnapshot-signal=SIGUSR2',
    '--inspect',
    '--heap-prof',
    '--report_on_signal',
    '--heap_prof',
    '--abort-on-uncaught-exception',
    '--tls-keylog=keys.txt',
  ])(
    'refuses NODE_OPTIONS with %s, which writes memory or the environment to disk or opens a debugger (T37)',
    (option) => {
      expect(() => loadConfig({ ...AZURE, NODE_OPTIONS: `--max-old-space-size=512 ${option}` })).toThrow('NODE_OPTIONS')
    },
  )

  it.each([{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, { NODE_DEBUG: 'http' }])(
    'refuses %j, which shows or exposes tokens on their way (T18, T40)',
    (setting) => {
      expect(() => loadConfig({ ...AZURE, ...setting })).toThrow(Object.keys(setting)[0])
      expect(() => loadConfig({ ...LOCAL, ...setting })).toThrow(Object.keys(setting)[0])
    },
  )
})

describe('the identity of a gateway in Azure', () => {
  const ID = '99999999-9999-4999-8999-999999999999'
  const OF_IT = { AZURE_TENANT_ID: ID, AZURE_CLIENT_ID: ID }

  it.each<[string, Record<string, string>]>([
    ['{"Credential":"Environment"}', { ...OF_IT, AZURE_CLIENT_SECRET: 'canary' }],
    ['{"Credential":"Environment"}', { ...OF_IT, AZURE_CLIENT_CERTIFICATE_PATH: '/c.pem' }],
    ['{"Credential":"Environment"}', { ...OF_IT, AZURE_USERNAME: 'x', AZURE_PASSWORD: 'canary' }],
    ['{"Credential":"DefaultChain"}', {}],
  ])('is no stored credential and no chain: %s %o', (SALLYPORT_IDENTITY, env) => {
    const settings = { ...AZURE, ...env, SALLYPORT_IDENTITY }
    expect(() => loadConfig({ ...settings, WEBSITE_SITE_NAME: 'x' })).toThrow(
      'SALLYPORT_IDENTITY: only a managed or workload identity in Azure (WEBSITE_SITE_NAME is set)',
    )
    expect(JSON.stringify(loadConfig(settings))).not.toContain('canary')
  })

  it.each([
    '{"ManagedIdentityIdType":"SystemAssigned"}',
    '{"Credential":"WorkloadIdentity"}',
    `{"Credential":"ClientAssertion","TenantId":"${ID}","ClientId":"${ID}"}`,
  ])('may be %s', (SALLYPORT_IDENTITY) => {
    const env = { ...OF_IT, AZURE_FEDERATED_TOKEN_FILE: '/t', WEBSITE_SITE_NAME: 'x' }
    expect(loadConfig({ ...AZURE, ...env, SALLYPORT_IDENTITY }).identity.described).not.toBe('')
  })
})

describe('local servers (T38)', () => {
  it('are used with the switch, and the mode says so', () => {
    expect(loadConfig(LOCAL)).toMatchObject({ mode: 'local', local: { caPath: 'ca.pem' } })
  })

  it.each(AZURE_MARKERS)('are refused when %s alone is set', (marker) => {
    expect(() => loadConfig({ ...LOCAL, [marker]: 'x' })).toThrow(
      `local servers are refused in Azure (${marker} is set)`,
    )
  })

  it.each(['SALLYPORT_ALLOW_STUBS', 'SALLYPORT_LOCAL_HOSTS', 'SALLYPORT_LOCAL_CA'])(
    'are refused without %s',
    (name) => {
      expect(() => loadConfig({ ...LOCAL, [name]: undefined })).toThrow('SALLYPORT_')
    },
  )

  it.each(['0', 'true', 'yes', ''])('are refused with SALLYPORT_ALLOW_STUBS=%j', (value) => {
    expect(() => loadConfig({ ...LOCAL, SALLYPORT_ALLOW_STUBS: value })).toThrow('the configuration is wrong')
  })
})

describe('SETTING_NAMES', () => {
  it('is what infra/ has to set: ours alone', () => {
    expect(SETTING_NAMES.every((name) => name.startsWith('SALLYPORT_'))).toBe(true)
    expect(SETTING_NAMES.length).toBeGreaterThan(10)
  })
})
