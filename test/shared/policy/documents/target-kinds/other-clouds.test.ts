import { describe, expect, it } from 'vitest'
import { parsePolicySet } from '../../../../../shared/policy/documents/policy-set.ts'

const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/pool-one/providers/gateway'
const ACCOUNT = 'reader@contoso-data.iam.gserviceaccount.com'
const TENANT = '11111111-1111-4111-8111-111111111111'
const BUCKET = '//storage.googleapis.com/projects/_/buckets/reports'
const RULE = { availableResource: BUCKET, availablePermissions: ['inRole:roles/storage.objectViewer'] }
const STATEMENT = { Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::reports/*'] }

const GOOD = {
  google: {
    kind: 'google',
    provider: PROVIDER,
    serviceAccount: ACCOUNT,
    scopes: ['https://www.googleapis.com/auth/bigquery.readonly'],
  },
  'entra-from-google': {
    kind: 'entra-from-google',
    tenant: TENANT,
    clientId: TENANT,
    resource: 'https://management.azure.com',
    google: { provider: PROVIDER, serviceAccount: ACCOUNT },
  },
  aws: {
    kind: 'aws',
    role: 'arn:aws:iam::123456789012:role/team/reports-reader',
    sessionPolicy: { Version: '2012-10-17', Statement: [STATEMENT] },
  },
}

type Kind = keyof typeof GOOD

/** Pointers of the faults of one target whose token differs from a good one. */
function faults(kind: Kind, changes: object, access = 'read'): string[] {
  const token = { ...GOOD[kind], ...changes }
  const parsed = parsePolicySet([{ kind: 'target', name: 'abroad', access, token }])
  return parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)
}

const policy = (changes: object) => ({
  sessionPolicy: { Version: '2012-10-17', Statement: [{ ...STATEMENT, ...changes }] },
})

describe('targets in other clouds', () => {
  it.each([
    ['google', {}],
    ['google', { subject: 'entra', entraResource: 'api://google-federation', accessBoundary: [RULE] }],
    ['entra-from-google', {}],
    ['entra-from-google', { google: { credential: 'arm-from-google' } }],
    ['entra-from-google', { google: 'metadata' }],
    ['entra-from-google', { google: { passed: { subject: '100000000000000000777' } } }],
    ['entra-from-google', { google: { passed: { subject: '100000000000000000777', email: ACCOUNT } } }],
    ['aws', {}],
    ['aws', { role: 'arn:aws-cn:iam::123456789012:role/x', region: 'cn-north-1' }],
    ['aws', { role: 'arn:aws-us-gov:iam::123456789012:role/x', region: 'us-gov-west-1' }],
  ] as const)('takes %s %j', (kind, changes) => {
    expect(faults(kind, changes)).toEqual([])
  })

  it.each([
    ['google', { provider: `//iam.googleapis.com/${PROVIDER}` }, '/0/token/provider'],
    ['google', { provider: `${PROVIDER}/../x` }, '/0/token/provider'],
    ['google', { provider: PROVIDER.replace('global', 'eu') }, '/0/token/provider'],
    ['google', { provider: PROVIDER.replace('123456789012', 'contoso') }, '/0/token/provider'],
    ['google', { provider: `${PROVIDER}\n` }, '/0/token/provider'],
    ['google', { serviceAccount: 'reader@evil.test' }, '/0/token/serviceAccount'],
    ['google', { serviceAccount: `${ACCOUNT}:signBlob` }, '/0/token/serviceAccount'],
    ['google', { serviceAccount: `x/${ACCOUNT}` }, '/0/token/serviceAccount'],
    ['google', { serviceAccount: ACCOUNT.toUpperCase() }, '/0/token/serviceAccount'],
    ['google', { serviceAccount: `${ACCOUNT}.evil.test` }, '/0/token/serviceAccount'],
    ['google', { scopes: [] }, '/0/token/scopes'],
    ['google', { scopes: ['https://evil.test/auth/bigquery'] }, '/0/token/scopes/0'],
    ['google', { scopes: ['https://www.googleapis.com@evil.test/auth/x'] }, '/0/token/scopes/0'],
    [
      'google',
      { scopes: ['https://www.googleapis.com/auth/a https://www.googleapis.com/auth/b'] },
      '/0/token/scopes/0',
    ],
    ['google', { maxTtlSeconds: 3_601 }, '/0/token/maxTtlSeconds'],
    ['google', { maxTtlSeconds: 59 }, '/0/token/maxTtlSeconds'],
    ['google', { accessBoundary: [] }, '/0/token/accessBoundary'],
    [
      'google',
      { accessBoundary: [{ ...RULE, availablePermissions: [] }] },
      '/0/token/accessBoundary/0/availablePermissions',
    ],
    [
      'google',
      { accessBoundary: [{ ...RULE, availableResource: '//storage.googleapis.com/x' }] },
      '/0/token/accessBoundary/0/availableResource',
    ],
    ['google', { subject: 'entra' }, '/0/token/entraResource'],
    ['google', { entraResource: 'api://x' }, '/0/token/entraResource'],
    ['google', { subject: 'entra', entraResource: 'https://vault.azure.net' }, '/0/token/entraResource'],
    ['google', { token_url: 'https://evil.test' }, '/0/token/token_url'],
    ['entra-from-google', { resource: 'https://vault.azure.net@evil.test' }, '/0/token/resource'],
    ['entra-from-google', { tenant: 'common' }, '/0/token/tenant'],
    ['entra-from-google', { google: 'caller' }, '/0/token/google'],
    ['entra-from-google', { google: 'passed' }, '/0/token/google'],
    ['entra-from-google', { google: { passed: true } }, '/0/token/google'],
    ['entra-from-google', { google: { passed: {} } }, '/0/token/google'],
    ['entra-from-google', { google: { passed: { subject: '*' } } }, '/0/token/google/passed/subject'],
    ['entra-from-google', { google: { passed: { email: ACCOUNT } } }, '/0/token/google'],
    [
      'entra-from-google',
      { google: { passed: { subject: '777777', email: 'a@b.c' } } },
      '/0/token/google/passed/email',
    ],
    ['entra-from-google', { google: { passed: { subject: '777777' }, credential: 'x' } }, '/0/token/google'],
    ['entra-from-google', { google: { credential: '../journal-master' } }, '/0/token/google/credential'],
    [
      'entra-from-google',
      { google: { provider: PROVIDER, serviceAccount: ACCOUNT, credential: 'x' } },
      '/0/token/google',
    ],
    ['aws', { role: 'arn:aws:iam::123456789012:user/x' }, '/0/token/role'],
    ['aws', { role: 'arn:aws:iam::123:role/x' }, '/0/token/role'],
    ['aws', { role: 'arn:aws:iam::123456789012:role/x y' }, '/0/token/role'],
    ['aws', { role: 'arn:aws-evil:iam::123456789012:role/x' }, '/0/token/role'],
    ['aws', { region: 'cn-north-1' }, '/0/token/region'],
    ['aws', { region: 'evil.test/' }, '/0/token/region'],
    ['aws', { region: 'US-EAST-1' }, '/0/token/region'],
    ['aws', { sessionPolicy: undefined }, '/0/token/sessionPolicy'],
    ['aws', { maxTtlSeconds: 899 }, '/0/token/maxTtlSeconds'],
    ['aws', policy({ Action: 's3:GetObject' }), '/0/token/sessionPolicy/Statement/0/Action'],
    ['aws', policy({ NotAction: ['s3:GetObject'] }), '/0/token/sessionPolicy/Statement/0/NotAction'],
    ['aws', policy({ Resource: ['reports'] }), '/0/token/sessionPolicy/Statement/0/Resource/0'],
    [
      'aws',
      policy({ Condition: { Bool: { 'aws:SecureTransport': [`${'x'.repeat(256)}`] } }, Sid: 'no good' }),
      '/0/token/sessionPolicy/Statement/0/Sid',
    ],
  ] as const)('refuses %s %j at %s', (kind, changes, pointer) => {
    expect(faults(kind, changes)).toEqual([pointer])
  })

  it('refuses a session policy that allows everything, whatever the access', () => {
    expect(faults('aws', policy({ Action: ['*'] }), 'write')).toEqual(['/0/token/sessionPolicy/Statement/0/Action/0'])
  })

  it.each([['s3:PutObject'], ['s3:*'], ['s3:G*', 's3:GetObject'], ['iam:PassRole']])(
    'a read target’s session policy must not allow %s; a write target’s may',
    (...actions) => {
      expect(faults('aws', policy({ Action: actions }))).toEqual(['/0/token/sessionPolicy'])
      expect(faults('aws', policy({ Action: actions }), 'write')).toEqual([])
      expect(faults('aws', policy({ Effect: 'Deny', Action: actions }))).toEqual([])
    },
  )

  it.each([
    '//iam.googleapis.com/x',
    `https://iam.googleapis.com/${PROVIDER}`,
    'HTTPS://IAM.googleapis.com/x',
    'STS.amazonaws.com',
  ])(
    'a jwt target must not have the audience %s: its tokens would be taken for the gateway’s word (T6)',
    (audience) => {
      const parsed = parsePolicySet([
        { kind: 'target', name: 'x', access: 'read', token: { kind: 'jwt', audience, scopes: [] } },
      ])
      expect(parsed).toMatchObject({ ok: false, faults: [{ pointer: '/0/token/audience' }] })
    },
  )
})
