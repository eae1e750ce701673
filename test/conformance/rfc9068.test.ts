import { decodeProtectedHeader } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { exchange } from '../support/exchange.ts'
import { bodyOf, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeAll(async () => {
  gateway = await tokenGateway()
})

const tokenFor = async (audience: string) => String(bodyOf(await exchange(gateway, { audience }))['access_token'])

describe('RFC 9068: JWT profile for access tokens', () => {
  it.each([
    ['ledger-api', 'ES256'],
    ['reports', 'RS256'],
  ])('§2.1: %s is at+jwt, signed with %s (RS256 must be offered)', async (audience, alg) => {
    expect(decodeProtectedHeader(await tokenFor(audience))).toEqual({ alg, typ: 'at+jwt', kid: expect.any(String) })
  })

  it('§2.2: every required claim, one audience as a string, a jti of its own', async () => {
    const tokens = [await tokenFor('ledger-api'), await tokenFor('ledger-api')]
    const claims = await Promise.all(
      tokens.map(async (token) => (await gateway.verify(token, 'api://ledger-api')).payload),
    )
    for (const each of claims) {
      expect(Object.keys(each).sort()).toEqual([
        'aud',
        'client_id',
        'exp',
        'iat',
        'iss',
        'jti',
        'scope',
        'sub',
        'target',
        'txn',
      ])
      expect(each.aud).toBe('api://ledger-api')
    }
    expect(claims[0]?.jti).not.toBe(claims[1]?.jti)
  })

  it('§4: a token for one target is refused by the resource server of another', async () => {
    await expect(gateway.verify(await tokenFor('ledger-api'), 'api://reports')).rejects.toMatchObject({ claim: 'aud' })
  })
})
