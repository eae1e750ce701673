import { randomUUID } from 'node:crypto'
import { ManagedIdentityCredential } from '@azure/identity'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Authenticator, createAuthenticator } from '../../../shared/identity/authenticate.ts'
import { createFetchJson } from '../../../shared/identity/fetch-json.ts'
import type { TrustedIssuer } from '../../../shared/identity/issuer.ts'
import { rig, type TestRig } from '../../support/rig.ts'
import { directory } from '../../support/tenant.ts'
import { outcome } from './support/door.ts'
import { AUDIENCE, v1, v2 } from './support/tokens.ts'

let servers: TestRig
let clock: number
let issuers: TrustedIssuer[]
let door: Authenticator

const HOME = directory.tenant

beforeAll(() => {
  servers = rig()
})

beforeEach(() => {
  clock = Date.now()
  const entra = { audiences: [AUDIENCE, directory.gatewayResource.appId], principal: 'entra' } as const
  issuers = [
    { ...entra, name: 'v1', issuer: v1(HOME), algorithms: ['RS256'] },
    { ...entra, name: 'v2', issuer: v2(HOME), algorithms: ['RS256'] },
  ]
  door = createDoor()
})

const createDoor = () =>
  createAuthenticator({
    issuerOf: (iss) => issuers.find(({ issuer }) => issuer === iss),
    fetchJson: createFetchJson(servers.agent),
    now: () => clock,
    refused: () => {},
  })

describe('tokens of an Entra-like authority over TLS', () => {
  it.each([1, 2] as const)('passes a caller that proved itself by secret (v%i)', async (version) => {
    const { objectId, appId } = directory.app('billing-app')
    const principal = await door.authenticate(await servers.callerToken('billing-app', { version }))
    expect(principal).toMatchObject({ id: `entra:${HOME}:${objectId}`, appId, issuerName: `v${version}` })
  })

  it('passes a managed identity with its resource id', async () => {
    const credential = new ManagedIdentityCredential()
    const { token } = await credential.getToken(`${AUDIENCE}/.default`)
    const principal = await door.authenticate(token)
    expect(principal.claims['xms_mirid']).toBe(directory.gatewayIdentity?.resourceId)
    expect(principal.objectId).toBe(directory.gatewayIdentity?.objectId)
  })

  it('refuses tokens for another resource, and of a tenant that nobody trusts', async () => {
    const vault = await servers.callerToken('billing-app', { version: 1, resource: 'https://vault.azure.net' })
    expect(await outcome(door, vault)).toBe('invalid_token audience_not_exact')
    const tid = randomUUID()
    const foreign = await servers.mint(entra(tid), { realm: tid })
    expect(await outcome(door, foreign)).toBe('invalid_token issuer_not_trusted')
  })

  it('refuses home claims signed by a key of another tenant', async () => {
    await door.authenticate(await servers.callerToken('billing-app'))
    const forged = await servers.mint(entra(HOME), { realm: randomUUID() })
    clock += 31_000
    expect(await outcome(door, forged)).toBe('invalid_token kid_unknown')
  })
})

describe('rollover of an issuer’s keys', () => {
  it('passes tokens of the new and the previous key, and not of the one before', async () => {
    const tid = randomUUID()
    issuers = [{ name: 'own', issuer: v2(tid), audiences: [AUDIENCE], algorithms: ['RS256'], principal: 'entra' }]
    const oldest = await servers.mint(entra(tid), { realm: tid })
    expect(await outcome(door, oldest)).toBe('passed')
    await servers.identityControl.rollOver(tid)
    const next = await servers.mint(entra(tid), { realm: tid })
    clock += 31_000
    expect([await outcome(door, next), await outcome(door, oldest)]).toEqual(['passed', 'passed'])
    await servers.identityControl.rollOver(tid)
    clock += 2 * 3_600_000
    const newest = await servers.mint(entra(tid), { realm: tid })
    expect([await outcome(door, newest), await outcome(door, next)]).toEqual(['passed', 'passed'])
    expect(await outcome(door, oldest)).toBe('invalid_token kid_unknown')
  })

  it('refuses a key that nobody publishes', async () => {
    expect(await outcome(door, await servers.mint(entra(HOME), { key: 'unpublished' }))).toBe(
      'invalid_token kid_unknown',
    )
  })
})

describe('a plain OIDC issuer, well and ill', () => {
  let issuer: ReturnType<TestRig['issuer']>
  const claims = (overrides: object = {}) => ({
    iss: issuer.issuer,
    sub: 'system:serviceaccount:billing:default',
    aud: AUDIENCE,
    iat: Math.floor(clock / 1_000),
    exp: Math.floor(clock / 1_000) + 600,
    jti: randomUUID(),
    ...overrides,
  })

  beforeEach(async () => {
    issuer = servers.issuer('cluster')
    await issuer.control.clear()
    const { issuer: url } = issuer
    issuers = [
      {
        name: 'cluster',
        issuer: url,
        audiences: [AUDIENCE],
        algorithms: ['RS256', 'ES256', 'EdDSA'],
        principal: 'oidc',
      },
    ]
  })

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('passes %s tokens', async (alg) => {
    const text = await issuer.mint(claims(), { alg })
    expect((await door.authenticate(text)).subject).toBe('system:serviceaccount:billing:default')
  })

  it('refuses algorithms that its document does not list', async () => {
    const text = await issuer.mint(claims(), { alg: 'ES256' })
    issuers = issuers.map((document) => ({ ...document, algorithms: ['RS256'] }))
    expect(await outcome(door, text)).toBe('invalid_token alg_not_allowed')
  })

  it('reads its keys once for 50 first tokens at once', async () => {
    const texts = await Promise.all(Array.from({ length: 50 }, () => issuer.mint(claims())))
    await issuer.control.clear()
    expect(new Set(await Promise.all(texts.map((text) => outcome(door, text))))).toEqual(new Set(['passed']))
    expect(await issuer.control.counts()).toEqual({ 'openid-configuration': 1, jwks: 1 })
  })

  it('503 after three reads while it answers 500, and recovers by itself (T33)', async () => {
    const text = await issuer.mint(claims())
    await issuer.control.fault({ kind: 'fail', status: 500, times: 1_000 })
    for (let n = 0; n < 10; n++) expect(await outcome(door, text)).toMatch(/^issuer_unavailable /)
    expect(await issuer.control.counts()).toEqual({ 'openid-configuration': 3 })
    await issuer.control.clear()
    clock += 30_000
    expect(await outcome(door, text)).toBe('passed')
  })

  it.each([
    ['resets the connection, and again', { kind: 'reset', times: 2 }],
    ['answers rubbish', { kind: 'garbage' }],
    [
      'answers another issuer’s document',
      { kind: 'garbage', body: '{"issuer":"https://evil.test","jwks_uri":"https://evil.test/k"}' },
    ],
    ['redirects (T40)', { kind: 'redirect', location: 'https://login.microsoftonline.com/common/discovery/keys' }],
    ['throttles', { kind: 'throttle', retryAfterSeconds: 5 }],
  ] as const)('503 when it %s, on either document', async (_, fault) => {
    const text = await issuer.mint(claims())
    for (const operation of ['openid-configuration', 'jwks']) {
      await issuer.control.fault({ ...fault, operation })
      expect(await outcome(createDoor(), text)).toBe('issuer_unavailable issuer_unreachable')
    }
    expect(await outcome(door, text)).toBe('passed')
  })

  it('keeps known callers served through an outage of 23 hours', async () => {
    const longLived = claims({ exp: Math.floor(clock / 1_000) + 86_400 })
    const [seen, unseen] = [await issuer.mint(longLived), await issuer.mint({ ...longLived, jti: 'other' })]
    expect(await outcome(door, seen)).toBe('passed')
    await issuer.control.fault({ kind: 'fail', times: 1_000 })
    clock += 23 * 3_600_000
    expect([await outcome(door, seen), await outcome(door, unseen)]).toEqual(['passed', 'passed'])
  })
})

/** Claims of an app-only v2 token by the test's clock. */
function entra(tid: string) {
  const seconds = Math.floor(clock / 1_000)
  const oid = randomUUID()
  const app = { azp: randomUUID(), idtyp: 'app', oid, sub: oid, uti: randomUUID() }
  return { iss: v2(tid), tid, ver: '2.0', aud: AUDIENCE, iat: seconds, exp: seconds + 8 * 3_600, ...app }
}
