import { describe, expect, it } from 'vitest'
import { describeIdentity, detectHost, readIdentitySource } from '../../../shared/azure/identity-source.ts'

const ID = 'c0000000-0000-4000-8000-000000000002'
const RESOURCE =
  '/subscriptions/22222222-2222-4222-8222-222222222222/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i'
const FEDERATED = { AZURE_CLIENT_ID: ID, AZURE_TENANT_ID: ID, AZURE_FEDERATED_TOKEN_FILE: '/var/run/token' }

describe('SALLYPORT_IDENTITY (S10)', () => {
  it.each([
    [undefined, {}, { kind: 'managed' }],
    ['', {}, { kind: 'managed' }],
    [undefined, FEDERATED, { kind: 'workload' }],
    ['{"ManagedIdentityIdType":"SystemAssigned"}', FEDERATED, { kind: 'managed' }],
    ['{"ManagedIdentityIdType":"SystemAssigned","Id":null}', {}, { kind: 'managed' }],
    [`{"ManagedIdentityIdType":"ClientId","Id":"${ID}"}`, {}, { kind: 'managed', id: { type: 'ClientId', id: ID } }],
    [`{"ManagedIdentityIdType":"ObjectId","Id":"${ID}"}`, {}, { kind: 'managed', id: { type: 'ObjectId', id: ID } }],
    [
      `{"ManagedIdentityIdType":"ResourceId","Id":"${RESOURCE}"}`,
      {},
      { kind: 'managed', id: { type: 'ResourceId', id: RESOURCE } },
    ],
    ['{"Credential":"WorkloadIdentity"}', {}, { kind: 'workload' }],
    ['{"Credential":"Environment"}', {}, { kind: 'environment' }],
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
  ])('refuses %s with a sentence that does not repeat it', (setting) => {
    expect(() => readIdentitySource(setting, {})).toThrow(/must be/)
    expect(() => readIdentitySource(setting, {})).not.toThrow(/canary/)
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
    const words = [
      describeIdentity({ kind: 'managed' }, env),
      describeIdentity({ kind: 'managed', id: { type: 'ClientId', id: ID } }, env),
      ...(['workload', 'environment', 'chain'] as const).map((kind) => describeIdentity({ kind }, env)),
    ]
    expect(words).toEqual([
      'managed identity of App Service, system-assigned',
      `managed identity of App Service, user-assigned by ClientId ${ID}`,
      'workload identity (token file)',
      'application or user of the AZURE_* variables',
      'default chain (development)',
    ])
  })
})
