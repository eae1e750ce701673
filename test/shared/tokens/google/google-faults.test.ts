import { generateKeyPair } from 'jose'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFederationTokens } from '../../../../shared/tokens/federation-token.ts'
import { federationKey, googleNames } from '../../../support/google.ts'
import { googleKind, refusal } from '../../../support/google-kind.ts'
import { rig } from '../../../support/rig.ts'

const local = rig()
const control = local.cloudControl('google')

let key: Awaited<ReturnType<typeof federationKey>>
let on: Awaited<ReturnType<typeof googleKind>>

beforeAll(async () => {
  key = await federationKey()
})

beforeEach(async () => {
  on = await googleKind(local, key)
})

describe('Google fails, refuses or lies', () => {
  it.each([
    ['token', { kind: 'fail', status: 503 }, 'upstream_unavailable'],
    ['token', { kind: 'reset' }, 'upstream_unavailable'],
    ['token', { kind: 'lose-answer' }, 'upstream_unavailable'],
    ['token', { kind: 'garbage' }, 'upstream_unavailable'],
    ['token', { kind: 'garbage', body: '{"access_token":7,"expires_in":"soon"}' }, 'upstream_refused'],
    ['token', { kind: 'fail', status: 401 }, 'upstream_refused'],
    ['generateAccessToken', { kind: 'fail', status: 500 }, 'upstream_unavailable'],
    ['generateAccessToken', { kind: 'fail', status: 403 }, 'upstream_refused'],
    ['generateAccessToken', { kind: 'garbage', body: '{}' }, 'upstream_unavailable'],
    ['generateAccessToken', { kind: 'garbage', body: '{"accessToken":"ya29.x"}' }, 'upstream_unavailable'],
    [
      'generateAccessToken',
      { kind: 'garbage', body: '{"accessToken":"ya29.x","expireTime":"2020-01-01T00:00:00Z"}' },
      'upstream_unavailable',
    ],
    [
      'generateAccessToken',
      { kind: 'garbage', body: '{"accessToken":"ya29 x","expireTime":"2099-01-01T00:00:00Z"}' },
      'upstream_unavailable',
    ],
  ] as const)('%s %j: %s, in one attempt, with nothing of the library’s error', async (operation, fault, code) => {
    await control.fault({ ...fault, operation, times: 9 })
    const refused = await refusal(on.mint())
    expect(refused.code).toBe(code)
    expect(Object.keys(refused).filter((name) => !['code', 'reason', 'retryAfterSeconds'].includes(name))).toEqual([])
    expect((await control.counts())[operation]).toBe(1)
  })

  it.each(['token', 'generateAccessToken'])('follows no redirect of %s (T40)', async (operation) => {
    const location = 'https://sts.googleapis.com/v1/token?elsewhere'
    await control.fault({ kind: 'redirect', status: 307, operation, location, times: 9 })
    expect((await refusal(on.mint())).code).toBe('upstream_unavailable')
    expect((await control.counts())[operation]).toBe(1)
  })

  it('a token that lives longer than was decided is not handed out', async () => {
    const expireTime = new Date(Date.now() + 16 * 3_600_000).toISOString()
    const body = JSON.stringify({ accessToken: 'ya29.long', expireTime })
    await control.fault({ kind: 'garbage', body, operation: 'generateAccessToken' })
    expect(await refusal(on.mint({ obligations: { maxTtlSeconds: 3_600 } }))).toMatchObject({
      code: 'upstream_refused',
      reason: 'upstream_too_long',
    })
  })

  it('rests as long as a 429 says; other targets go on', async () => {
    await control.fault({ kind: 'throttle', operation: 'generateAccessToken', retryAfterSeconds: 30 })
    expect(await refusal(on.mint())).toMatchObject({ code: 'upstream_unavailable', retryAfterSeconds: 30 })
    expect(await refusal(on.mint())).toMatchObject({ code: 'upstream_unavailable' })
    expect((await control.counts())['generateAccessToken']).toBe(1)
    expect((await on.mint({ ttlSeconds: 600 })).source).toBe('identity_provider')
    on.clock.now += 31_000
    expect((await on.mint()).source).toBe('identity_provider')
  })
})

describe('what Google is shown', () => {
  const names = googleNames(local)
  const audience = `https://iam.googleapis.com/${names.provider}`

  it('is refused by the local STS when any of signature, issuer, audience, times or subject is not right', async () => {
    const sign = (issuer: string, at: number) => createFederationTokens({ keys: key.keys, issuer, now: () => at })
    const foreign = await federationKey(Date.now, generateKeyPair('RS256'))
    const now = Date.now()
    const shown = {
      'another key': () => foreign.federation({ audience, target: 'bigquery' }),
      'another issuer': () => sign('https://evil.test', now)({ audience, target: 'bigquery' }),
      'another audience': () => key.federation({ audience: 'https://iam.googleapis.com/x', target: 'bigquery' }),
      'one that has ended': () =>
        sign('https://gateway.sallyport.test', now - 900_000)({ audience, target: 'bigquery' }),
      'not yet valid': () => sign('https://gateway.sallyport.test', now + 900_000)({ audience, target: 'bigquery' }),
      'no JWT': async () => 'x.y.z',
    }
    for (const [what, federation] of Object.entries(shown)) {
      on = await googleKind(local, { ...key, federation })
      expect([what, (await refusal(on.mint())).reason]).toEqual([what, 'upstream_invalid_grant'])
    }
    on = await googleKind(local, { ...key, federation: () => key.federation({ audience, target: 'ledger' }) })
    expect((await refusal(on.mint())).reason).toBe('upstream_status_403')
  })
})
