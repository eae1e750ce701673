import { createHash } from 'node:crypto'
import { generateKeyPair } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TargetDocument } from '../../../../shared/policy/documents/target.ts'
import { createAssumeRole } from '../../../../shared/tokens/aws/assume-role.ts'
import { createBroker } from '../../../../shared/tokens/broker/broker.ts'
import { createAwsKind } from '../../../../shared/tokens/kinds/aws.ts'
import type { TokenOrder } from '../../../../shared/tokens/kinds/kind.ts'
import { FEDERATION_ISSUER, federationKey, orderFor } from '../../../support/google.ts'
import { refusal } from '../../../support/google-kind.ts'
import { rig } from '../../../support/rig.ts'

type Order = TokenOrder<'aws'>

const local = rig()
const control = local.cloudControl('aws')
const role = `arn:aws:iam::123456789012:role/${local.account}aws`
const POLICY = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: ['s3:GetObject'], Resource: ['arn:aws:s3:::reports/*'] }],
}
const ASSUME = 'AssumeRoleWithWebIdentity'

let key: Awaited<ReturnType<typeof federationKey>>
let now = Date.now()
let kind: ReturnType<typeof createAwsKind>

const target = (changes: object = {}, name = 'reports-s3') =>
  TargetDocument.parse({
    kind: 'target',
    name,
    access: 'read',
    token: { kind: 'aws', role, region: 'eu-central-1', sessionPolicy: POLICY, ...changes },
  }) as Order['target']

const mint = async (changes: Partial<Order> = {}, on = target()) =>
  (await kind.plan(orderFor<'aws'>(on, { now, ...changes }))).mint()

beforeAll(async () => {
  key = await federationKey()
})

beforeEach(async () => {
  now = Date.now()
  const assumeRole = createAssumeRole({ agent: local.agent, federation: key.federation })
  kind = createAwsKind({ broker: createBroker({ now: () => now }), assumeRole, now: () => now })
  await control.clear()
  await local.addClouds({
    roles: [{ arn: role, issuer: FEDERATION_ISSUER, subjects: ['scope:reports-s3'], jwks: key.jwks }],
  })
})

describe('AWS credentials', () => {
  it('are of the role under the session policy, with their true end and their four parts', async () => {
    const minted = await mint({ ttlSeconds: 1_000 })
    expect(minted).toMatchObject({
      tokenType: 'N_A',
      source: 'identity_provider',
      parts: { accessKeyId: expect.stringMatching(/^ASIA/), secretAccessKey: expect.any(String) },
      blastRadius: {
        revocable: 'no',
        scope: 's3:GetObject',
        boundTo: ['resource:arn:aws:s3:::reports/*'],
        issuedAs: `aws:${role}`,
      },
    })
    const { sessionToken, expiration, accessKeyId } = minted.parts ?? {}
    expect([minted.token, minted.blastRadius.expiresAt]).toEqual([sessionToken, expiration])
    const lives = Date.parse(String(expiration)) - Date.now()
    expect(lives).toBeGreaterThan(880_000)
    expect(lives).toBeLessThanOrEqual(900_000)
    // The stand-in seals the digest of the session policy it was given into the token.
    const digest = createHash('sha256').update(JSON.stringify(POLICY)).digest('hex')
    expect(sessionToken?.endsWith(`.${digest}`)).toBe(true)
    expect(minted.handout).toMatchObject({ reference: accessKeyId, expiresAt: expiration })
    expect(JSON.stringify(minted.handout)).not.toContain(String(minted.parts?.['secretAccessKey']))
  })

  it('fifty callers at once cost one call; the next come from the cache (S10)', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => mint()))
    expect(new Set(all.map(({ token }) => token)).size).toBe(1)
    const again = await mint()
    expect([again.source, again.parts]).toEqual(['cache', all[0]?.parts])
    expect(await control.counts()).toEqual({ [ASSUME]: 1 })
  })

  it('are never shared where life, policy or target differ (T21)', async () => {
    await mint()
    await mint({ obligations: { maxTtlSeconds: 2_000 } })
    const other = { ...POLICY, Statement: [{ ...POLICY.Statement[0], Action: ['s3:ListBucket'] }] }
    await mint({}, target({ sessionPolicy: other }))
    expect(await control.counts()).toEqual({ [ASSUME]: 3 })
    // The role trusts one target; another one is another subject.
    expect(await refusal(mint({}, target({}, 'other')))).toMatchObject({
      code: 'upstream_refused',
      reason: 'upstream_status_403',
    })
  })

  it.each([
    ['invalid_scope', { scope: 's3:GetObject' }],
    ['invalid_request', { path: 'x' }],
    ['invalid_request', { ttlSeconds: 899 }],
    ['invalid_request', { obligations: { maxTtlSeconds: 600 } }],
    ['invalid_request', { notAfter: 0 }],
  ] as const)('%s: %j, before anybody is asked', async (code, changes) => {
    expect(await refusal(mint(changes))).toMatchObject({ code })
    expect(await control.counts()).toEqual({})
  })
})

describe('AWS fails, refuses or lies', () => {
  const answer = (credentials: string) =>
    `<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult><Credentials>${credentials}</Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`
  const parts = '<AccessKeyId>A</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken>'

  it.each([
    [{ kind: 'fail', status: 503 }, 'upstream_unavailable'],
    [{ kind: 'fail', status: 403 }, 'upstream_refused'],
    [{ kind: 'throttle' }, 'upstream_unavailable'],
    [{ kind: 'reset' }, 'upstream_unavailable'],
    [{ kind: 'lose-answer' }, 'upstream_unavailable'],
    [{ kind: 'redirect', status: 307, location: 'https://sts.amazonaws.com/' }, 'upstream_unavailable'],
    [{ kind: 'garbage' }, 'upstream_unavailable'],
    [{ kind: 'garbage', body: '' }, 'upstream_unavailable'],
    [{ kind: 'garbage', body: answer(parts) }, 'upstream_unavailable'],
    [
      { kind: 'garbage', body: answer(`${parts}<Expiration>2020-01-01T00:00:00Z</Expiration>`) },
      'upstream_unavailable',
    ],
    [{ kind: 'garbage', body: answer(`${parts}<Expiration>2099-01-01T00:00:00Z</Expiration>`) }, 'upstream_refused'],
  ] as const)('%j: %s, in one attempt, with nothing of the SDK’s error (T40)', async (fault, code) => {
    await control.fault({ ...fault, times: 9 })
    const refused = await refusal(mint())
    expect(refused.code).toBe(code)
    expect(Object.keys(refused).filter((name) => !['code', 'reason', 'retryAfterSeconds'].includes(name))).toEqual([])
    expect(await control.counts()).toEqual({ [ASSUME]: 1 })
  })

  it('refuses a web identity that is not right in issuer, audience, key or time', async () => {
    const foreign = await federationKey(Date.now, generateKeyPair('RS256'))
    const late = await federationKey(() => Date.now() - 900_000)
    const shown = {
      'another key': () => foreign.federation({ audience: 'sts.amazonaws.com', target: 'reports-s3' }),
      'another audience': () => key.federation({ audience: 'https://iam.googleapis.com/x', target: 'reports-s3' }),
      'one that has ended': () => late.federation({ audience: 'sts.amazonaws.com', target: 'reports-s3' }),
      'no JWT': async () => 'x.y.z',
    }
    for (const [what, federation] of Object.entries(shown)) {
      const assumeRole = createAssumeRole({ agent: local.agent, federation })
      kind = createAwsKind({ broker: createBroker({ now: () => now }), assumeRole, now: () => now })
      expect([what, (await refusal(mint())).reason]).toEqual([what, 'upstream_status_400'])
    }
  })
})
