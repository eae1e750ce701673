import { ClientSecretCredential, ManagedIdentityCredential } from '@azure/identity'
import { createRemoteJWKSet, customFetch, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose'
import { describe, expect, it } from 'vitest'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'
import { agentPolicy } from '../../../support/sdk.ts'
import { directory } from '../../../support/tenant.ts'

const { agent, tenant, callerToken, clientSecret, identityControl } = rig()
const AUTHORITY = 'https://login.microsoftonline.com'

/** Verifies as a resource does: discovery → keys → signature, issuer, audience. */
async function verified(token: string, discovery: string, audience: string) {
  const { json } = await httpsCall(discovery, { agent })
  const fetchLocal = async (url: string) => new Response((await httpsCall(url, { agent })).text)
  const keys = createRemoteJWKSet(new URL(String(json['jwks_uri'])), { [customFetch]: fetchLocal })
  return jwtVerify(token, keys, { issuer: String(json['issuer']), audience, algorithms: ['RS256'], typ: 'JWT' })
}

const now = () => Math.floor(Date.now() / 1_000)

describe('client credentials through the production credential (S10)', () => {
  const { appId, objectId } = directory.app('billing-app')
  const credential = new ClientSecretCredential(tenant, appId, clientSecret('billing-app'), {
    additionalPolicies: [agentPolicy(agent)],
  })

  it('v2 token for the gateway: aud is its client id, claims as Entra has them', async () => {
    const { token, expiresOnTimestamp } = await credential.getToken('api://sallyport/.default')
    const { gatewayResource } = directory
    const { payload } = await verified(
      token,
      `${AUTHORITY}/${tenant}/v2.0/.well-known/openid-configuration`,
      gatewayResource.appId,
    )
    expect(payload).toMatchObject({
      iss: `${AUTHORITY}/${tenant}/v2.0`,
      azp: appId,
      azpacr: '1',
      idtyp: 'app',
      oid: objectId,
      sub: objectId,
      tid: tenant,
      ver: '2.0',
    })
    expect(payload['uti']).toMatch(/^[\w-]{22}$/)
    expect(payload).not.toHaveProperty('appid')
    expect(payload).not.toHaveProperty('scp')
    expect(payload.nbf).toBe(payload.iat)
    expect(Math.abs((payload.exp ?? 0) * 1_000 - expiresOnTimestamp)).toBeLessThan(5_000)
  })

  it('v1 token for storage whatever the endpoint: aud as asked, issuer sts.windows.net (Azurite takes no other)', async () => {
    const { token } = await credential.getToken('https://storage.azure.com/.default')
    const { payload } = await verified(
      token,
      `${AUTHORITY}/${tenant}/.well-known/openid-configuration`,
      'https://storage.azure.com',
    )
    expect(payload).toMatchObject({
      iss: `https://sts.windows.net/${tenant}/`,
      appid: appId,
      appidacr: '1',
      ver: '1.0',
    })
    expect(payload).not.toHaveProperty('azp')
  })
})

it('v1 token for the gateway at the v1 endpoint: aud is the App ID URI; discovery also at sts.windows.net', async () => {
  const token = await callerToken('orders-app', { version: 1 })
  const { payload } = await verified(
    token,
    `https://sts.windows.net/${tenant}/.well-known/openid-configuration`,
    'api://sallyport',
  )
  expect(payload).toMatchObject({ ver: '1.0', appid: directory.app('orders-app').appId, tid: tenant })
})

describe('S8: managed identity, App Service endpoint, through the production credential', () => {
  it('system-assigned: a day long, v1, with xms_mirid and appidacr 2', async () => {
    const { token } = await new ManagedIdentityCredential().getToken('https://vault.azure.net/.default')
    const claims = decodeJwt(token)
    expect(claims).toMatchObject({
      aud: 'https://vault.azure.net',
      iss: `https://sts.windows.net/${tenant}/`,
      oid: directory.gatewayIdentity?.objectId,
      appid: directory.gatewayIdentity?.clientId,
      appidacr: '2',
      xms_mirid: directory.gatewayIdentity?.resourceId,
    })
    expect(claims.exp).toBeGreaterThan(now() + 86_000)
  })

  it.each([
    ['client id', { clientId: 'c0000000-0000-4000-8000-000000000002' }],
    ['object id', { objectId: 'd0000000-0000-4000-8000-000000000002' }],
    [
      'resource id',
      {
        resourceId:
          '/subscriptions/22222222-2222-4222-8222-222222222222/resourcegroups/sallyport/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gateway-extra',
      },
    ],
  ])('user-assigned, by %s', async (_, options) => {
    const credential = new ManagedIdentityCredential({ ...options, retryOptions: { maxRetries: 0 } })
    const { token } = await credential.getToken('https://vault.azure.net/.default')
    expect(decodeJwt(token)['oid']).toBe('d0000000-0000-4000-8000-000000000002')
  })
})

describe('keys', () => {
  it('rollover: the old token still verifies, the key before last is gone', async () => {
    const realm = '33333333-3333-4333-8333-333333333333'
    const keys = async () => {
      const { json } = await httpsCall(`${AUTHORITY}/${realm}/discovery/v2.0/keys`, { agent })
      return (json['keys'] as { kid: string }[]).map(({ kid }) => kid)
    }
    const kidOf = async (key: 'current' | 'previous') =>
      decodeProtectedHeader(await identityControl.mint({ realm, claims: {}, key })).kid
    const [first] = await keys()
    expect(await kidOf('current')).toBe(first)
    await identityControl.rollOver(realm)
    const second = await kidOf('current')
    expect(await keys()).toEqual([second, first])
    expect(await kidOf('previous')).toBe(first)
    await identityControl.rollOver(realm)
    expect(await keys()).toEqual([await kidOf('current'), second])
  })

  it('publishes public parts only', async () => {
    const { json } = await httpsCall(`${AUTHORITY}/${tenant}/discovery/v2.0/keys`, { agent })
    for (const key of json['keys'] as object[]) {
      expect(Object.keys(key).toSorted()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use', 'x5t'])
    }
  })
})

it('T4: the tenant-independent document has a template for an issuer', async () => {
  const v2 = await httpsCall(`${AUTHORITY}/common/v2.0/.well-known/openid-configuration`, { agent })
  expect(v2.json['issuer']).toBe('https://login.microsoftonline.com/{tenantid}/v2.0')
  const v1 = await httpsCall(`${AUTHORITY}/common/.well-known/openid-configuration`, { agent })
  expect(v1.json['issuer']).toBe('https://sts.windows.net/{tenantid}/')
})
