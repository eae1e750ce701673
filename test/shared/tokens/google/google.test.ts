import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { federationKey, googleNames } from '../../../support/google.ts'
import { BIGQUERY, type GoogleOrder, googleKind, refusal, STORAGE } from '../../../support/google-kind.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'

type Order = GoogleOrder

const local = rig()
const google = googleNames(local)
const control = local.cloudControl('google')
const BUCKET = '//storage.googleapis.com/projects/_/buckets/reports'

let key: Awaited<ReturnType<typeof federationKey>>
let on: Awaited<ReturnType<typeof googleKind>>

async function tokenInfo(token: string) {
  const url = `https://oauth2.googleapis.com/tokeninfo?access_token=${token}`
  return (await httpsCall(url, { agent: local.agent })).json
}

beforeAll(async () => {
  key = await federationKey()
})

beforeEach(async () => {
  on = await googleKind(local, key)
})

describe('a Google access token', () => {
  it('is the service account’s, with the scope and life that were asked for, told as they are', async () => {
    const minted = await on.mint({ scope: BIGQUERY, ttlSeconds: 900 })
    expect(minted).toMatchObject({
      tokenType: 'Bearer',
      source: 'identity_provider',
      blastRadius: { revocable: 'no', scope: BIGQUERY, boundTo: [], issuedAs: `google:${google.serviceAccount}` },
    })
    const info = await tokenInfo(minted.token)
    expect(info).toMatchObject({ email: google.serviceAccount, scope: BIGQUERY })
    expect(Date.parse(minted.blastRadius.expiresAt)).toBe(Number(info['exp']) * 1_000)
    expect(Number(info['expires_in'])).toBeGreaterThan(880)
    expect(Number(info['expires_in'])).toBeLessThanOrEqual(900)
    expect(minted.handout).toMatchObject({ tokenHash: expect.any(String), expiresAt: minted.blastRadius.expiresAt })
  })

  it('is downscoped to its access boundary, and says so', async () => {
    const rule = { availableResource: BUCKET, availablePermissions: ['inRole:roles/storage.objectViewer'] }
    const minted = await on.mint({}, on.target({ accessBoundary: [rule] }))
    expect(await tokenInfo(minted.token)).toMatchObject({ access_boundary: [rule] })
    expect(minted.blastRadius.boundTo).toEqual([`resource:${BUCKET}`])
    expect(await control.counts()).toEqual({ token: 2, generateAccessToken: 1 })
  })

  it('fifty callers at once cost one exchange and one impersonation (S10)', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => on.mint()))
    expect(new Set(all.map(({ token }) => token)).size).toBe(1)
    expect(await control.counts()).toEqual({ token: 1, generateAccessToken: 1 })
    expect((await on.mint()).source).toBe('cache')
    expect(await control.counts()).toEqual({ token: 1, generateAccessToken: 1 })
  })

  it('is never shared where scope, life, boundary or target differ (T21)', async () => {
    await on.mint()
    await on.mint({ scope: STORAGE })
    await on.mint({ ttlSeconds: 1_800 })
    await on.mint(
      {},
      on.target({
        accessBoundary: [{ availableResource: BUCKET, availablePermissions: ['inRole:roles/storage.admin'] }],
      }),
    )
    expect((await control.counts())['generateAccessToken']).toBe(4)
    const other = { ...on.target(), name: 'other' }
    expect(await refusal(on.mint({}, other))).toMatchObject({ code: 'upstream_refused', reason: 'upstream_status_403' })
  })

  it('lives no longer than policy and the caller’s own token allow, also out of the cache', async () => {
    const lifetimes = async (changes: Partial<Order>) =>
      Number((await tokenInfo((await on.mint(changes)).token))['expires_in'])
    await on.mint()
    expect(await lifetimes({ obligations: { maxTtlSeconds: 1_000 } })).toBeLessThanOrEqual(900)
    expect(await lifetimes({ notAfter: on.clock.now + 400_000 })).toBeLessThanOrEqual(300)
    expect(await lifetimes({})).toBeGreaterThan(3_500)
  })

  it('may be vouched for by an Entra token of the gateway, where the document says so', async () => {
    await local.addClouds({
      providers: [
        {
          ...{ project: '123456789012', pool: google.pool, provider: 'entra' },
          ...{ issuer: `https://sts.windows.net/${local.tenant}/`, audiences: ['https://vault.azure.net'] },
        },
      ],
    })
    const provider = google.provider.replace(/gateway$/, 'entra')
    const entra = on.target({ provider, subject: 'entra', entraResource: 'api://google-federation' })
    // The exchange succeeds; the account trusts only the gateway's own subject.
    expect(await refusal(on.mint({}, entra))).toMatchObject({ reason: 'upstream_status_403' })
    expect(await control.counts()).toEqual({ token: 1, generateAccessToken: 1 })
  })

  it('takes the default scope of Google’s clients for “what the target offers”', async () => {
    const minted = await on.mint({ scope: 'https://www.googleapis.com/auth/cloud-platform' })
    expect(minted.blastRadius.scope).toBe(`${BIGQUERY} ${STORAGE}`)
  })

  it.each([
    ['invalid_scope', { scope: 'https://www.googleapis.com/auth/bigquery' }],
    ['invalid_request', { path: 'x' }],
    ['invalid_request', { ttlSeconds: 59 }],
    ['invalid_request', { notAfter: 0 }],
  ] as const)('%s: %j, before anybody is asked', async (code, changes) => {
    expect(await refusal(on.mint(changes))).toMatchObject({ code })
    expect(await control.counts()).toEqual({})
  })
})
