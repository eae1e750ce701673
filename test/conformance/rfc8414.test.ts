import { beforeAll, describe, expect, it } from 'vitest'
import { ENDPOINTS } from '../../functions/endpoints.ts'
import { jwks } from '../../functions/jwks.ts'
import { authorizationServer, openidConfiguration, protectedResource } from '../../functions/metadata.ts'
import { bodyOf, GATEWAY, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeAll(async () => {
  gateway = await tokenGateway()
})

const get = async (endpoint: typeof jwks) => gateway.call(endpoint, { method: 'GET', headers: { host: 'evil.test' } })

describe('RFC 8414 and OpenID Connect Discovery: metadata', () => {
  it.each([
    ['openid-configuration', openidConfiguration],
    ['oauth-authorization-server', authorizationServer],
  ])('200: %s names the issuer of the setting, never the host that was called', async (path, endpoint) => {
    const answer = await get(endpoint)
    expect(endpoint.route).toBe(`.well-known/${path}`)
    expect(answer).toMatchObject({ status: 200, headers: { 'Cache-Control': 'public, max-age=300' } })
    expect(bodyOf(answer)['issuer']).toBe(GATEWAY)
    expect(JSON.stringify(answer.json)).not.toContain('evil')
  })

  it('both documents say the same', async () => {
    expect((await get(openidConfiguration)).json).toEqual((await get(authorizationServer)).json)
  })

  it('every URL in them is a route that exists', async () => {
    const routes = ENDPOINTS.map(({ route }) => `${GATEWAY}/${route}`)
    const document = bodyOf(await get(openidConfiguration))
    for (const name of ['token_endpoint', 'jwks_uri']) expect(routes).toContain(document[name])
  })

  it('RFC 9728 §3: 200: the protected resource is the issuer’s own URL', async () => {
    expect(await get(protectedResource)).toMatchObject({
      status: 200,
      json: { resource: GATEWAY, bearer_methods_supported: ['header'] },
    })
  })

  it('405: any other method', async () => {
    for (const endpoint of [jwks, openidConfiguration, authorizationServer, protectedResource]) {
      expect(await gateway.call(endpoint, { method: 'POST' })).toMatchObject({ status: 405, headers: { Allow: 'GET' } })
    }
  })
})

describe('RFC 7517: JWKS', () => {
  it('200: both keys with kid, alg and use, nothing private, cacheable', async () => {
    const answer = await get(jwks)
    expect(answer).toMatchObject({ status: 200, headers: { 'Cache-Control': 'public, max-age=300' } })
    const keys = bodyOf(answer)['keys'] as Record<string, unknown>[]
    expect(keys.map(({ alg }) => alg)).toEqual(
      bodyOf(await get(openidConfiguration))['id_token_signing_alg_values_supported'],
    )
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      ['alg', 'e', 'kid', 'kty', 'n', 'use'],
    ])
  })
})
