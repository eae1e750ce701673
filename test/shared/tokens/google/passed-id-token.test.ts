import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { FetchFault } from '../../../../shared/identity/fetch-json.ts'
import { createPassedIdTokens } from '../../../../shared/tokens/google/passed-id-token.ts'
import { refusal } from '../../../support/google-kind.ts'

const SUBJECT = '100000000000000000801'
const AUDIENCE = 'api://AzureADTokenExchangeChina'
const NOW = Date.UTC(2026, 10, 25)

async function setUp() {
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'g1', alg: 'RS256', use: 'sig' }] }
  const fetched: string[] = []
  let up = true
  const clock = { now: NOW }
  const verify = createPassedIdTokens({
    audience: AUDIENCE,
    now: () => clock.now,
    fetchJson: async (url) => {
      fetched.push(url)
      if (!up) throw new FetchFault('unreachable')
      return jwks
    },
  })
  const token = (changes: JWTPayload = {}) => {
    const iat = clock.now / 1_000
    const claims = { iss: 'https://accounts.google.com', aud: AUDIENCE, sub: SUBJECT, iat, exp: iat + 3_600 }
    const header = { alg: 'RS256', kid: 'g1', typ: 'JWT' }
    return new SignJWT({ ...claims, ...changes }).setProtectedHeader(header).sign(privateKey)
  }
  const power = (on: boolean) => {
    up = on
  }
  return { verify, token, fetched, power, clock }
}

describe('the keys by which a passed Google ID token is verified (T33)', () => {
  it('come from Google’s documented address alone, once for any number of tokens', async () => {
    const { verify, token, fetched } = await setUp()
    await Promise.all(Array.from({ length: 20 }, async () => verify(await token(), { subject: SUBJECT })))
    expect(fetched).toEqual(['https://www.googleapis.com/oauth2/v3/certs'])
  })

  it('unreachable: nobody can tell, so nothing is passed on; good again with the next answer', async () => {
    const { verify, token, power, clock } = await setUp()
    power(false)
    const good = await token()
    expect(await refusal(verify(good, { subject: SUBJECT }))).toMatchObject({
      ...{ code: 'issuer_unavailable', reason: 'issuer_unreachable', retryAfterSeconds: expect.any(Number) },
    })
    power(true)
    clock.now += 1_000
    await verify(good, { subject: SUBJECT })
  })

  it('a token verified before is refused when it ends, and for another account at once', async () => {
    const { verify, token, clock } = await setUp()
    const good = await token()
    await verify(good, { subject: SUBJECT })
    expect(await refusal(verify(good, { subject: '100000000000000000802' }))).toMatchObject({
      ...{ code: 'invalid_subject_token', reason: 'passed_subject_differs' },
    })
    clock.now += 3_661_000
    expect(await refusal(verify(good, { subject: SUBJECT }))).toMatchObject({ reason: 'passed_token_expired' })
  })

  it('the public cloud’s audience is not that of another cloud', async () => {
    const { verify, token } = await setUp()
    const other = await token({ aud: 'api://AzureADTokenExchange' })
    expect(await refusal(verify(other, { subject: SUBJECT }))).toMatchObject({ reason: 'passed_audience_not_exact' })
  })
})
