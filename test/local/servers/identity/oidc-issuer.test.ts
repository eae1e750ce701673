import { readFileSync } from 'node:fs'
import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from 'jose'
import { expect, it } from 'vitest'
import { clientSecretsPath } from '../../../../local/servers/identity/directory.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'

const { agent, stateDir, issuer } = rig()
const CLIENT = 'repo:contoso/billing:ref:refs/heads/main'
const { oidc } = JSON.parse(readFileSync(clientSecretsPath(stateDir), 'utf8'))

const ask = (form: Record<string, string>) =>
  httpsCall('https://oidc.sallyport.test/ci/token', {
    agent,
    method: 'POST',
    body: new URLSearchParams(form).toString(),
  })

it('gives a registered client a workload token that verifies against the published keys', async () => {
  const reply = await ask({
    grant_type: 'client_credentials',
    client_id: CLIENT,
    client_secret: oidc[`ci ${CLIENT}`],
    audience: 'api://sallyport',
  })
  expect(reply.status).toBe(200)
  const { json: discovery } = await httpsCall('https://oidc.sallyport.test/ci/.well-known/openid-configuration', {
    agent,
  })
  const { json: keys } = await httpsCall(String(discovery['jwks_uri']), { agent })
  const { payload } = await jwtVerify(
    String(reply.json['access_token']),
    createLocalJWKSet(keys as unknown as JSONWebKeySet),
    {
      issuer: 'https://oidc.sallyport.test/ci',
      audience: 'api://sallyport',
      subject: CLIENT,
    },
  )
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600)
})

it.each([
  ['another grant type', { grant_type: 'password' }, 400],
  ['a wrong secret', { client_secret: 'x' }, 401],
  ['an unknown client', { client_id: 'x' }, 401],
  ['no audience', { audience: '' }, 400],
])('refuses %s', async (_, change, status) => {
  const good = {
    grant_type: 'client_credentials',
    client_id: CLIENT,
    client_secret: oidc[`ci ${CLIENT}`],
    audience: 'api://sallyport',
  }
  expect((await ask({ ...good, ...change })).status).toBe(status)
})

it('serves issuers of a test file, in every algorithm, with keys of their own', async () => {
  const one = issuer('one')
  for (const alg of ['RS256', 'ES256', 'EdDSA'] as const) {
    const token = await one.mint({ sub: 'x' }, { alg })
    const { json } = await httpsCall(`${one.issuer}/jwks`, { agent })
    expect(decodeProtectedHeader(token)).toMatchObject({ alg, typ: 'JWT' })
    await jwtVerify(token, createLocalJWKSet(json as unknown as JSONWebKeySet))
  }
  const { json: others } = await httpsCall(`${issuer('two').issuer}/jwks`, { agent })
  await expect(jwtVerify(await one.mint({}), createLocalJWKSet(others as unknown as JSONWebKeySet))).rejects.toThrow()
})

it('counts and breaks the keys of one issuer only (T33)', async () => {
  const [broken, well] = [issuer('broken'), issuer('well')]
  await broken.control.fault({ kind: 'fail', operation: 'jwks', times: 2, status: 503 })
  const statuses = []
  for (const _ of [1, 2, 3]) statuses.push((await httpsCall(`${broken.issuer}/jwks`, { agent })).status)
  expect(statuses).toEqual([503, 503, 200])
  expect(await broken.control.counts()).toEqual({ jwks: 3 })
  expect((await httpsCall(`${well.issuer}/jwks`, { agent })).status).toBe(200)
})
