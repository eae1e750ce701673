import { describe, expect, it } from 'vitest'
import { describeIdentity, type IdentitySource, readIdentitySource } from '../../../shared/azure/identity-source.ts'
import { detectHost } from '../../../shared/azure/managed-identity-host.ts'
import { Secret } from '../../../shared/secrets/secret.ts'

const ID = 'c0000000-0000-4000-8000-000000000002'
const RESOURCE =
  '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i'
const APPLICATION = { AZURE_CLIENT_ID: ID, AZURE_TENANT_ID: ID }
const OF_IT = { tenant: ID, clientId: ID }
const FILE = { kind: 'workload', ...OF_IT, tokenFile: '/var/run/token' }
const FEDERATED = { AZURE_CLIENT_ID: ID, AZURE_TENANT_ID: ID, AZURE_FEDERATED_TOKEN_FILE: '/var/run/token' }

const ENVIRONMENT = '{"Credential":"Environment"}'
const CANARY = new Secret('canary')

describe('SALLYPORT_IDENTITY (S10)', () => {
  it.each([
    [undefined, {}, { kind: 'managed' }],
    ['', {}, { kind: 'managed' }],
    [undefined, FEDERATED, FILE],
    ['{"ManagedIdentityIdType":"SystemAssigned"}', FEDERATED, { kind: 'managed' }],
    ['{"ManagedIdentityIdType":"SystemAssigned","Id":null}', {}, { kind: 'managed' }],
    [`{"ManagedIdentityIdType":"ClientId","Id":"${ID}"}`, {}, { kind: 'managed', id: { type: 'ClientId', id: ID } }],
    [`{"ManagedIdentityIdType":"ObjectId","Id":"${ID}"}`, {}, { kind: 'managed', id: { type: 'ObjectId', id: ID } }],
    [
      `{"ManagedIdentityIdType":"ResourceId","Id":"${RESOURCE}"}`,
      {},
      { kind: 'managed', id: { type: 'ResourceId', id: RESOURCE } },
    ],
    ['{"Credential":"WorkloadIdentity"}', FEDERATED, FILE],
    [ENVIRONMENT, { ...APPLICATION, AZURE_CLIENT_SECRET: 'canary' }, { kind: 'secret', ...OF_IT, secret: CANARY }],
    [
      ENVIRONMENT,
      { ...APPLICATION, AZURE_CLIENT_CERTIFICATE_PATH: '/c.pem', AZURE_CLIENT_CERTIFICATE_PASSWORD: 'canary' },
      { kind: 'certificate', ...OF_IT, path: '/c.pem', sendChain: false, password: CANARY },
    ],
    [
      ENVIRONMENT,
      { ...APPLICATION, AZURE_CLIENT_CERTIFICATE_PATH: '/c.pem', AZURE_CLIENT_SEND_CERTIFICATE_CHAIN: 'true' },
      { kind: 'certificate', ...OF_IT, path: '/c.pem', sendChain: true },
    ],
    [
      ENVIRONMENT,
      { ...APPLICATION, AZURE_USERNAME: 'svc@contoso.example', AZURE_PASSWORD: 'canary' },
      { kind: 'password', ...OF_IT, username: 'svc@contoso.example', password: CANARY },
    ],
    [`{"Credential":"ClientAssertion","TenantId":"${ID}","ClientId":"${ID}"}`, {}, { kind: 'assertion', ...OF_IT }],
    [
      `{"Credential":"ClientAssertion","TenantId":"${ID}","ClientId":"${ID}","Assertion":{"ManagedIdentityIdType":"ClientId","Id":"${ID}"}}`,
      {},
      { kind: 'assertion', ...OF_IT, by: { type: 'ClientId', id: ID } },
    ],
    ['{"Credential":"DefaultChain"}', {}, { kind: 'chain' }],
  ])('reads %s', (setting, env, source) => {
    expect(readIdentitySource(setting, env)).toEqual(source)
  })

  it.each([
    'system',
    '{}',
    '[]',
    'null',
    '{"ManagedIdentityIdType":"systemassigned"}',
    '{"ManagedIdentityIdType":"ClientId"}',
    '{"ManagedIdentityIdType":"ClientId","Id":"canary"}',
    '{"ManagedIdentityIdType":"ResourceId","Id":"/subscriptions/x"}',
    '{"ManagedIdentityIdType":"SystemAssigned","Id":"canary"}',
    '{"ManagedIdentityIdType":"SystemAssigned","Secret":"canary"}',
    '{"Credential":"Password"}',
    '{"Credential":"ClientAssertion","TenantId":"canary","ClientId":"canary"}',
  ])('refuses %s with a sentence that does not repeat it', (setting) => {
    expect(() => readIdentitySource(setting, {})).toThrow(/must be/)
    expect(() => readIdentitySource(setting, {})).not.toThrow(/canary/)
  })

  it.each([
    [undefined, { AZURE_FEDERATED_TOKEN_FILE: '/canary' }, 'AZURE_TENANT_ID'],
    ['{"Credential":"WorkloadIdentity"}', APPLICATION, 'AZURE_FEDERATED_TOKEN_FILE'],
    [ENVIRONMENT, { AZURE_TENANT_ID: ID, AZURE_CLIENT_SECRET: 'canary' }, 'AZURE_CLIENT_ID'],
    [ENVIRONMENT, { ...APPLICATION, AZURE_TENANT_ID: 'canary' }, 'AZURE_TENANT_ID'],
    [ENVIRONMENT, APPLICATION, 'AZURE_CLIENT_SECRET'],
    [ENVIRONMENT, { ...APPLICATION, AZURE_USERNAME: 'canary' }, 'AZURE_PASSWORD'],
  ])('refuses %s with %o: it names what is missing, and no value', (setting, env, variable) => {
    expect(() => readIdentitySource(setting, env)).toThrow(variable)
    expect(() => readIdentitySource(setting, env)).not.toThrow(/canary/)
  })

  it.each([
    [{ IDENTITY_ENDPOINT: 'x', IDENTITY_HEADER: 'x', IDENTITY_SERVER_THUMBPRINT: 'x' }, 'Service Fabric'],
    [{ IDENTITY_ENDPOINT: 'x', IDENTITY_HEADER: 'x', IMDS_ENDPOINT: 'x' }, 'App Service'],
    [{ MSI_ENDPOINT: 'x', MSI_SECRET: 'x' }, 'Azure Machine Learning'],
    [{ MSI_ENDPOINT: 'x' }, 'Cloud Shell'],
    [{ IDENTITY_ENDPOINT: 'x', IMDS_ENDPOINT: 'x' }, 'Azure Arc'],
    [{ IDENTITY_ENDPOINT: 'x' }, 'IMDS'],
    [{}, 'IMDS'],
  ])('finds the host of %o as the SDK does', (env, host) => {
    expect(detectHost(env)).toBe(host)
  })

  it('says in words what it found, without header or secret', () => {
    const env = { IDENTITY_ENDPOINT: 'x', IDENTITY_HEADER: 'canary' }
    const sources: IdentitySource[] = [
      { kind: 'managed' },
      { kind: 'managed', id: { type: 'ClientId', id: ID } },
      { kind: 'assertion', ...OF_IT },
      { kind: 'workload', ...OF_IT, tokenFile: '/var/run/token' },
      { kind: 'secret', ...OF_IT, secret: CANARY },
      { kind: 'certificate', ...OF_IT, path: '/c.pem', sendChain: false, password: CANARY },
      { kind: 'password', ...OF_IT, username: 'svc@contoso.example', password: CANARY },
      { kind: 'chain' },
    ]
    expect(sources.map((source) => describeIdentity(source, env))).toEqual([
      'managed identity of App Service, system-assigned',
      `managed identity of App Service, user-assigned by ClientId ${ID}`,
      `application ${ID} by assertion of the managed identity of App Service, system-assigned`,
      `application ${ID} by workload identity (token file /var/run/token)`,
      `application ${ID} by client secret (AZURE_CLIENT_SECRET)`,
      `application ${ID} by client certificate (/c.pem)`,
      'user svc@contoso.example by password (AZURE_PASSWORD; legacy)',
      'default chain (development)',
    ])
  })
})
