import { describe, expect, it } from 'vitest'
import { parseEntraIssuer } from '../../../shared/identity/entra-issuer.ts'
import { CONTOSO, createDoor, EC, GITHUB, jwksUri, KEY, outcome } from './support/door.ts'
import { entraClaims, FOREIGN, HOME, OID, token, v1, v2 } from './support/tokens.ts'

const both = [CONTOSO, { ...CONTOSO, name: 'contoso-v1', issuer: v1(HOME) }]

describe('T4: {v1, v2} × {home, foreign} × {slash}; only the listed issuers pass', () => {
  const flip = (issuer: string) => (issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`)
  const cases = (['v1', 'v2'] as const).flatMap((version) =>
    [HOME, FOREIGN].flatMap((tenant) => [false, true].map((slash) => ({ version, tenant, slash }))),
  )

  it.each(cases)('$version $tenant slash flipped: $slash', async ({ version, tenant, slash }) => {
    const listed = version === 'v1' ? v1(tenant) : v2(tenant)
    const claims = entraClaims({ iss: slash ? flip(listed) : listed }, version, tenant)
    const passes = tenant === HOME && !slash
    const door = createDoor({ issuers: both })
    expect(await outcome(door, token(claims, KEY))).toBe(passes ? 'passed' : 'invalid_token issuer_not_trusted')
    expect(door.fetched.length > 0).toBe(passes)
  })

  it.each(['v1', 'v2'] as const)('refuses a foreign tid under the home issuer (%s)', async (version) => {
    const door = createDoor({ issuers: both })
    const text = token(entraClaims({ tid: FOREIGN }, version), KEY)
    expect(await outcome(door, text)).toBe('invalid_token tenant_mismatch')
    expect(await outcome(door, token(entraClaims({ tid: undefined }, version), KEY))).toBe(
      'invalid_token tenant_mismatch',
    )
  })

  it.each([
    ['v1', '2.0'],
    ['v2', '1.0'],
    ['v2', undefined],
    ['v2', 2],
  ] as const)('refuses an issuer of %s with ver %s', async (version, ver) => {
    const door = createDoor({ issuers: both })
    expect(await outcome(door, token(entraClaims({ ver }, version), KEY))).toBe('invalid_token version_mismatch')
  })

  it('refuses issuers with other letters, ports or paths', async () => {
    const door = createDoor({ issuers: both })
    for (const iss of [
      v2(HOME).toUpperCase(),
      v2(HOME).replace('.com/', '.com:443/'),
      v2(HOME).replace('https:', 'http:'),
      v2('common'),
      `${v2(HOME)}?x`,
      ` ${v2(HOME)}`,
      [v2(HOME)],
    ]) {
      expect(await outcome(door, token(entraClaims({ iss }), KEY))).toMatch(
        /invalid_token issuer_(not_trusted|missing)/,
      )
    }
    expect(door.fetched).toEqual([])
  })
})

describe("T4: a key that says whose it is (the 'common' key set serves all tenants)", () => {
  const passesWith = async (issuer: unknown) => {
    const door = createDoor()
    door.documents.set(jwksUri(v2(HOME)), { keys: [{ ...KEY.jwk, issuer }] })
    return outcome(door, token(entraClaims(), KEY))
  }

  it.each([v2(HOME), v2('{tenantid}'), undefined])('passes with issuer %s', async (issuer) => {
    expect(await passesWith(issuer)).toBe('passed')
  })

  it.each([
    v2(FOREIGN),
    v2('9188040d-6c67-4c5b-b112-36a304b66dad'),
    'https://login.microsoftonline.us/{tenantid}/v2.0',
    7,
  ])('refuses a key with issuer %s', async (issuer) => {
    expect(await passesWith(issuer)).toBe('invalid_token key_unusable')
  })
})

describe('T5: the same object id in two tenants', () => {
  it('makes two principals', async () => {
    const door = createDoor({ issuers: [CONTOSO, { ...CONTOSO, name: 'fabrikam', issuer: v2(FOREIGN) }] })
    const one = await door.authenticate(token(entraClaims(), KEY))
    const two = await door.authenticate(token(entraClaims({}, 'v2', FOREIGN), KEY))
    expect([one.id, two.id]).toEqual([`entra:${HOME}:${OID}`, `entra:${FOREIGN}:${OID}`])
  })

  it('makes two principals of one subject at two OIDC issuers', async () => {
    const other = { ...GITHUB, name: 'gitlab', issuer: 'https://other.example.test' }
    const door = createDoor({ issuers: [GITHUB, other] })
    const claims = (iss: string) => ({
      iss,
      sub: 's',
      aud: CONTOSO.audiences[0],
      iat: 1_795_607_999,
      exp: 1_795_608_600,
    })
    door.clock.now = 1_795_608_000_000
    const one = await door.authenticate(token(claims(GITHUB.issuer), EC))
    const two = await door.authenticate(token(claims(other.issuer), EC))
    expect(one.subject).toBe(two.subject)
    expect(one.id).not.toBe(two.id)
  })
})

describe('parseEntraIssuer: every cloud, nothing else', () => {
  it.each([
    [v1(HOME), { tenant: HOME, version: '1.0', clouds: ['AzurePublic', 'AzureUSGovernment'] }],
    [v2(HOME), { tenant: HOME, version: '2.0', clouds: ['AzurePublic'] }],
    [`https://sts.chinacloudapi.cn/${HOME}/`, { tenant: HOME, version: '1.0', clouds: ['AzureChina'] }],
    [`https://login.partner.microsoftonline.cn/${HOME}/v2.0`, { tenant: HOME, version: '2.0', clouds: ['AzureChina'] }],
    [`https://login.microsoftonline.us/${HOME}/v2.0`, { tenant: HOME, version: '2.0', clouds: ['AzureUSGovernment'] }],
  ])('reads %s', (issuer, expected) => {
    expect(parseEntraIssuer(issuer)).toEqual(expected)
  })

  it.each([
    v1(HOME).slice(0, -1),
    `${v2(HOME)}/`,
    v2('common'),
    v2('{tenantid}'),
    v2('contoso.onmicrosoft.com'),
    v2(HOME.toUpperCase().replace('4', 'A')),
    `https://login.microsoftonline.com.evil.test/${HOME}/v2.0`,
    `https://evil.test/https://login.microsoftonline.com/${HOME}/v2.0`,
    '',
  ])('refuses %s', (issuer) => {
    expect(parseEntraIssuer(issuer)).toBeUndefined()
  })
})
