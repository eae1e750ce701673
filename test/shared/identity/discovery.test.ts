import { describe, expect, it } from 'vitest'
import { locateKeys, readJwksUri } from '../../../shared/identity/discovery.ts'
import type { TrustedIssuer } from '../../../shared/identity/issuer.ts'
import { CONTOSO, createDoor, EC, GITHUB, KEY, outcome } from './support/door.ts'
import { entraClaims, HOME, oidcClaims, token, v1, v2 } from './support/tokens.ts'

const withIssuer = (issuer: string): TrustedIssuer => ({ ...GITHUB, issuer })

describe('locateKeys', () => {
  it.each([
    [v2(HOME), 'AzurePublic', `${v2(HOME)}/.well-known/openid-configuration`],
    [v1(HOME), 'AzurePublic', `https://login.microsoftonline.com/${HOME}/.well-known/openid-configuration`],
    [v1(HOME), 'AzureUSGovernment', `https://login.microsoftonline.us/${HOME}/.well-known/openid-configuration`],
    [
      `https://sts.chinacloudapi.cn/${HOME}/`,
      'AzurePublic',
      `https://login.partner.microsoftonline.cn/${HOME}/.well-known/openid-configuration`,
    ],
    ['https://a.test/x', 'AzurePublic', 'https://a.test/x/.well-known/openid-configuration'],
    ['https://a.test/x/', 'AzurePublic', 'https://a.test/x/.well-known/openid-configuration'],
  ] as const)('asks %s (%s) at %s', (issuer, cloud, discovery) => {
    expect(locateKeys(withIssuer(issuer), cloud)?.discovery).toBe(discovery)
  })

  it.each([
    'http://a.test',
    'file:///etc/passwd',
    'a.test',
    'https://u:p@a.test',
    'https://a.test?x',
    'https://a.test#x',
    '',
  ])('finds no keys for %s', (issuer) => {
    expect(locateKeys(withIssuer(issuer), 'AzurePublic')).toBeUndefined()
  })

  it('401 issuer_not_https for a document that slipped through', async () => {
    const door = createDoor({ issuers: [withIssuer('http://a.test')] })
    expect(await outcome(door, token(oidcClaims({ iss: 'http://a.test' }), EC))).toBe('invalid_token issuer_not_https')
    expect(door.fetched).toEqual([])
  })
})

describe('readJwksUri: a discovery document sends us nowhere else (T2, T40)', () => {
  const location = { origins: ['https://a.test'] }
  const read = (document: object) => readJwksUri({ issuer: 'https://a.test', ...document }, 'https://a.test', location)

  it('takes a key set on the host of the issuer', () => {
    expect(read({ jwks_uri: 'https://a.test/keys?p=1' })).toBe('https://a.test/keys?p=1')
  })

  it.each([
    'http://a.test/keys',
    'https://a.test:8443/keys',
    'https://b.test/keys',
    'https://a.test.evil.test/keys',
    'https://a.test@evil.test/keys',
    'https://user:pass@a.test/keys',
    'https://169.254.169.254/metadata',
    'file:///etc/passwd',
    '//a.test/keys',
    '/keys',
    7,
    undefined,
  ])('refuses %s', (uri) => {
    expect(read({ jwks_uri: uri })).toBeUndefined()
  })

  it.each(['https://a.test/', 'https://A.test', 'https://b.test', '{tenantid}', undefined, null])(
    'refuses a document of issuer %s',
    (issuer) => {
      expect(read({ issuer, jwks_uri: 'https://a.test/keys' })).toBeUndefined()
    },
  )
})

describe('through the front door', () => {
  it('503 when the discovery document speaks for another issuer', async () => {
    const door = createDoor()
    door.documents.set(`${CONTOSO.issuer}/.well-known/openid-configuration`, {
      issuer: v2('{tenantid}'),
      jwks_uri: `${CONTOSO.issuer}/keys`,
    })
    expect(await outcome(door, token(entraClaims(), KEY))).toBe('issuer_unavailable issuer_unreachable')
    expect(door.fetched).toHaveLength(1)
  })

  it('goes straight to a key set that the issuer’s own document names, on any host', async () => {
    const jwksUri = 'https://keys.elsewhere.test/jwks'
    const door = createDoor({ issuers: [{ ...GITHUB, jwksUri }] })
    door.documents.set(jwksUri, { keys: [EC.jwk] })
    expect(await outcome(door, token(oidcClaims(), EC))).toBe('passed')
    expect(door.fetched).toEqual([jwksUri])
  })
})
