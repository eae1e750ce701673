import { randomUUID } from 'node:crypto'
import { ClientAssertionCredential, ClientCertificateCredential } from '@azure/identity'
import { decodeJwt, importPKCS8, SignJWT } from 'jose'
import { generate } from 'selfsigned'
import { beforeAll, describe, expect, it } from 'vitest'
import { rig } from '../../../support/rig.ts'
import { agentPolicy } from '../../../support/sdk.ts'

const { agent, tenant, identityControl, issuer, mint } = rig()
const options = { additionalPolicies: [agentPolicy(agent)] }
const appId = randomUUID()
const AUDIENCE = 'api://AzureADTokenExchange'
const workload = issuer('workload')
const gatewayLike = `https://sts.windows.net/${tenant}/`
let pem = { private: '', cert: '' }
let x5tS256 = ''

const seconds = () => Math.floor(Date.now() / 1_000)

beforeAll(async () => {
  pem = await generate([{ name: 'commonName', value: 'billing' }], { algorithm: 'sha256', keySize: 2048 })
  const { X509Certificate, createHash } = await import('node:crypto')
  x5tS256 = createHash('sha256').update(new X509Certificate(pem.cert).raw).digest('base64url')
  await identityControl.register(
    {
      name: 'federated',
      appId,
      objectId: randomUUID(),
      certificates: [pem.cert],
      federatedCredentials: [
        { name: 'ci', issuer: workload.issuer, subject: 'scope:ledger', audiences: [AUDIENCE] },
        { name: 'entra', issuer: gatewayLike, subject: 'd0000000-0000-4000-8000-000000000001' },
      ],
    },
    'unused',
  )
})

const token = (assertion: () => Promise<string>) =>
  new ClientAssertionCredential(tenant, appId, assertion, options).getToken('https://vault.azure.net/.default')

const claims = () => ({ iss: workload.issuer, sub: 'scope:ledger', aud: AUDIENCE, exp: seconds() + 300 })

describe('S12: federated credentials, through the production ClientAssertionCredential', () => {
  it('an assertion of a trusted OIDC issuer becomes a token of the app', async () => {
    const answer = await token(() => workload.mint(claims()))
    expect(decodeJwt(answer.token)).toMatchObject({ appid: appId, appidacr: '2', tid: tenant })
  })

  it("a managed identity's own token works where the app trusts that identity", async () => {
    const sub = 'd0000000-0000-4000-8000-000000000001'
    expect((await token(() => mint({ ...claims(), iss: gatewayLike, sub }))).token).toBeTruthy()
  })

  it.each([
    ['an issuer it does not trust', () => issuer('other').mint({ ...claims(), iss: issuer('other').issuer }), 700211],
    ['another subject', () => workload.mint({ ...claims(), sub: 'scope:other' }), 700213],
    ['another audience', () => workload.mint({ ...claims(), aud: 'api://sallyport' }), 700212],
    ['an audience array', () => workload.mint({ ...claims(), aud: [AUDIENCE] } as never), 700212],
    ['an expired assertion', () => workload.mint({ ...claims(), exp: seconds() - 600 }), 700024],
    ['no exp', () => workload.mint({ ...claims(), exp: undefined }), 50027],
    ['ES256: federation takes RS256 only', () => workload.mint(claims(), { alg: 'ES256' }), 50013],
    ['a key the issuer does not publish', () => workload.mint(claims(), { key: 'unpublished' }), 50013],
    ["another issuer's key", () => issuer('other').mint(claims()), 50013],
    ['garbage', async () => 'not.a.jwt', 50027],
  ])('401 invalid_client: %s', async (_, assertion, code) => {
    await expect(token(assertion)).rejects.toThrow(`AADSTS${code}`)
  })
})

describe("assertions signed with the app's own certificate", () => {
  const own = async (change: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
    new SignJWT({
      iss: appId,
      sub: appId,
      aud: `https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`,
      exp: seconds() + 300,
      nbf: seconds(),
      jti: randomUUID(),
      ...change,
    })
      .setProtectedHeader({ typ: 'JWT', 'x5t#S256': x5tS256, ...header, alg: 'RS256' })
      .sign(await importPKCS8(pem.private, 'RS256'))

  it('the production ClientCertificateCredential gets a token', async () => {
    const certificate = `${pem.private}\n${pem.cert}`
    const credential = new ClientCertificateCredential(tenant, appId, { certificate }, options)
    const answer = await credential.getToken('api://sallyport/.default')
    expect(decodeJwt(answer.token)).toMatchObject({ azp: appId, azpacr: '2' })
  })

  it('401 invalid_client: a registered certificate that has expired, whatever signs with it', async () => {
    const expired = {
      notBeforeDate: new Date(Date.now() - 9 * 86_400_000),
      notAfterDate: new Date(Date.now() - 86_400_000),
    }
    const old = await generate([{ name: 'commonName', value: 'old' }], {
      ...expired,
      algorithm: 'sha256',
      keySize: 2048,
    })
    const oldApp = { name: 'old', appId: randomUUID(), objectId: randomUUID(), certificates: [old.cert] }
    await identityControl.register(oldApp, 'unused')
    const certificate = `${old.private}\n${old.cert}`
    const credential = new ClientCertificateCredential(tenant, oldApp.appId, { certificate }, options)
    await expect(credential.getToken('api://sallyport/.default')).rejects.toThrow('AADSTS700027')
  })

  it('one of our own making works', async () => {
    expect((await token(own)).token).toBeTruthy()
  })

  it.each([
    ['a thumbprint that is not registered', () => own({}, { 'x5t#S256': 'x' }), 700027],
    ['another audience', () => own({ aud: 'https://elsewhere.test' }), 700023],
    ['another subject', () => own({ sub: 'someone' }), 700021],
    ['an expired assertion', () => own({ exp: seconds() - 600 }), 700024],
    ['another key', async () => `${(await own()).slice(0, -8)}AAAAAAAA`, 50013],
  ])('401 invalid_client: %s', async (_, assertion, code) => {
    await expect(token(assertion)).rejects.toThrow(`AADSTS${code}`)
  })
})
