import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createBroker } from '../../../../shared/tokens/broker/broker.ts'
import { createGoogle } from '../../../../shared/tokens/google/google.ts'
import { createIdTokens } from '../../../../shared/tokens/google/id-token.ts'
import { createEntraFromGoogleKind } from '../../../../shared/tokens/kinds/entra-from-google.ts'
import { FEDERATION_ISSUER, federationKey, googleNames } from '../../../support/google.ts'
import { refusal } from '../../../support/google-kind.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'
import { ARM, AUDIENCE, entraRig, issue, targetOf } from './entra-rig.ts'

const local = rig()
const google = googleNames(local)
const control = local.cloudControl('google')
const UNIQUE_ID = '100000000000000000777'
const stored = generateKeyPairSync('rsa', { modulusLength: 2_048 })
const pem = stored.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

let own: Awaited<ReturnType<typeof entraRig>>
let kind: ReturnType<typeof createEntraFromGoogleKind>
let key: Awaited<ReturnType<typeof federationKey>>

const impersonation = { provider: google.provider, serviceAccount: google.serviceAccount }

const target = (by: unknown, name = 'from-google') =>
  targetOf({ kind: 'entra-from-google', tenant: local.tenant, clientId: own.clientId, resource: ARM, google: by }, name)

const store = async (file: object, name = 'ext-google') =>
  (await local.operatorVault('gateway')).setSecret(name, JSON.stringify(file))

const keyFile = (changes: object = {}) => ({
  type: 'service_account',
  client_email: google.serviceAccount,
  private_key_id: 'k1',
  private_key: pem,
  token_uri: 'https://evil.test/token',
  ...changes,
})

beforeAll(async () => {
  key = await federationKey()
  const keys = { k1: stored.publicKey.export({ type: 'spki', format: 'pem' }).toString() }
  const names = { project: '123456789012', pool: google.pool, provider: 'gateway' }
  const impersonators = [google.subject('from-google')]
  await local.addClouds({
    providers: [{ ...names, issuer: FEDERATION_ISSUER, jwks: key.jwks }],
    serviceAccounts: [{ email: google.serviceAccount, uniqueId: UNIQUE_ID, impersonators, keys }],
  })
  own = await entraRig(local)
  own.close()
  const trust = {
    ...{ name: 'google', issuer: 'https://accounts.google.com', subject: UNIQUE_ID },
    audiences: [AUDIENCE],
  }
  await local.identityControl.register({ ...own.app, federatedCredentials: [trust] }, 'unused')
})

beforeEach(async () => {
  const never = () => Promise.reject(new Error('not in this test'))
  const made = createGoogle({ agent: local.agent, federation: key.federation, ownEntraToken: never })
  const idTokens = createIdTokens({ agent: local.agent, google: made })
  const broker = createBroker({ now: own.deps.now })
  kind = createEntraFromGoogleKind({ ...own.deps, broker, idTokens, passedIdToken: never })
  await control.clear()
  await own.authority.clear()
})

describe('entra-from-google (S12)', () => {
  it('becomes the application by an ID token of an impersonated service account; fifty at once cost one way', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => issue(kind, target(impersonation))))
    const [minted] = all
    expect(decodeJwt(minted?.token ?? '')).toMatchObject({ appid: own.clientId, aud: ARM })
    expect(minted?.blastRadius).toMatchObject({
      revocable: 'no',
      boundTo: [`audience:${ARM}`],
      issuedAs: `entra:${local.tenant}:${own.app.objectId}`,
    })
    expect(await control.counts()).toEqual({ token: 1, generateIdToken: 1 })
    expect((await own.authority.counts())['token']).toBe(1)
    expect((await issue(kind, target(impersonation))).source).toBe('cache')
  })

  it('becomes it by a service account’s key in the gateway vault, whose file names no address that is called', async () => {
    await store(keyFile())
    const minted = await issue(kind, target({ credential: 'google' }))
    expect(decodeJwt(minted.token)).toMatchObject({ appid: own.clientId })
    expect(await control.counts()).toEqual({ token: 1 })
  })

  it('a key that Google refuses is not tried again before the secret has another version', async () => {
    const other = generateKeyPairSync('rsa', { modulusLength: 2_048 })
    const wrong = other.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    await store(keyFile({ private_key: wrong }), 'ext-wrong')
    for (let call = 0; call < 3; call += 1) {
      expect(await refusal(issue(kind, target({ credential: 'wrong' })))).toMatchObject({
        code: 'upstream_refused',
        reason: 'upstream_invalid_grant',
      })
    }
    expect(await control.counts()).toEqual({ token: 1 })
    await store(keyFile(), 'ext-wrong')
    expect((await issue(kind, target({ credential: 'wrong' }))).source).toBe('identity_provider')
  })

  it.each([
    ['credential_malformed', { private_key: 'no key' }],
    ['credential_malformed', { type: 'authorized_user' }],
    ['credential_missing', undefined],
  ])('%s: nobody is asked', async (reason, changes) => {
    const name = changes ? 'bad' : 'nothing'
    if (changes) await store(keyFile(changes), `ext-${name}`)
    expect(await refusal(issue(kind, target({ credential: name })))).toMatchObject({ code: 'upstream_refused', reason })
    expect(await control.counts()).toEqual({})
  })

  it.each([
    ['generateIdToken', { kind: 'fail', status: 500 }, 'upstream_unavailable'],
    ['generateIdToken', { kind: 'fail', status: 403 }, 'upstream_refused'],
    ['generateIdToken', { kind: 'garbage', body: '{"token":{}}' }, 'upstream_unavailable'],
    [
      'generateIdToken',
      { kind: 'redirect', status: 307, location: 'https://sts.googleapis.com/' },
      'upstream_unavailable',
    ],
    ['token', { kind: 'reset' }, 'upstream_unavailable'],
  ] as const)('%s %j: %s, and Entra is not asked (T40)', async (operation, fault, code) => {
    await control.fault({ ...fault, operation, times: 9 })
    const refused = await refusal(issue(kind, target(impersonation)))
    expect(refused.code).toBe(code)
    expect(Object.keys(refused).filter((name) => !['code', 'reason', 'retryAfterSeconds'].includes(name))).toEqual([])
    expect((await control.counts())[operation]).toBe(1)
    expect(await own.authority.counts()).toEqual({})
  })

  it('is refused by Entra for a service account that the application does not trust', async () => {
    await local.identityControl.register({ ...own.app, federatedCredentials: [] }, 'unused')
    const refused = await refusal(issue(kind, target(impersonation)))
    expect(refused).toMatchObject({ code: 'upstream_refused', reason: 'upstream_invalid_client' })
  })
})

describe('on a machine of Google', () => {
  let metadata: Server
  const asked: string[] = []

  beforeAll(async () => {
    // An access token of the account stands in for the machine's own; the ID token is Google's.
    const federated = await exchangedToken()
    metadata = createServer(async (request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers['metadata-flavor']}`)
      const audience = new URL(request.url ?? '', 'http://x').searchParams.get('audience')
      const url = `https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${google.serviceAccount}:generateIdToken`
      const headers = { authorization: `Bearer ${federated}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ audience, includeEmail: true })
      const { json } = await httpsCall(url, { agent: local.agent, method: 'POST', headers, body })
      response.setHeader('metadata-flavor', 'Google').end(json['token'])
    })
    await new Promise<void>((listening) => metadata.listen(0, '127.0.0.1', listening))
    vi.stubEnv('GCE_METADATA_HOST', `127.0.0.1:${(metadata.address() as AddressInfo).port}`)
    const trust = { name: 'google', issuer: 'https://accounts.google.com', subject: UNIQUE_ID, audiences: [AUDIENCE] }
    await local.identityControl.register({ ...own.app, federatedCredentials: [trust] }, 'unused')
  })
  afterAll(() => {
    vi.unstubAllEnvs()
    metadata.close()
  })
  afterEach(() => void asked.splice(0))

  it('becomes the application by the metadata server’s ID token', async () => {
    const minted = await issue(kind, target('metadata'))
    expect(decodeJwt(minted.token)).toMatchObject({ appid: own.clientId })
    expect(asked).toEqual([
      `GET /computeMetadata/v1/instance/service-accounts/default/identity?format=full&audience=${AUDIENCE} Google`,
    ])
  })
})

async function exchangedToken(): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    subject_token: await key.federation({
      audience: `https://iam.googleapis.com/${google.provider}`,
      target: 'from-google',
    }),
    audience: `//iam.googleapis.com/${google.provider}`,
    scope: 'https://www.googleapis.com/auth/cloud-platform',
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const url = 'https://sts.googleapis.com/v1/token'
  const { json } = await httpsCall(url, { agent: local.agent, method: 'POST', headers, body: form.toString() })
  return String(json['access_token'])
}
