import { describe, expect, it } from 'vitest'
import { CONTOSO, createDoor, EC, GITHUB, KEY, outcome } from './support/door.ts'
import { AUDIENCE, entraClaims, HOME, NOON, oidcClaims, signRaw, token, without } from './support/tokens.ts'

const entra = (overrides: object) => outcome(createDoor(), token(entraClaims(overrides), KEY))
const oidc = (overrides: object, issuer = {}) =>
  outcome(createDoor({ issuers: [{ ...GITHUB, ...issuer }] }), token(oidcClaims(overrides), EC))

describe('T6: the audience is one exact string', () => {
  it.each([
    ['absent', undefined],
    ['null', null],
    ['a list with ours and another', [AUDIENCE, 'api://other']],
    ['a list with ours alone', [AUDIENCE]],
    ['an empty list', []],
    ['a wildcard', '*'],
    ['a prefix of ours', 'api://sally'],
    ['ours and more', `${AUDIENCE}/`],
    ['ours in capitals', AUDIENCE.toUpperCase()],
    ['the ARM audience', 'https://management.azure.com'],
    ['an object', { 0: AUDIENCE }],
  ])('refuses one that is %s', async (_, aud) => {
    expect(await entra({ aud })).toBe('invalid_token audience_not_exact')
    expect(await oidc({ aud })).toBe('invalid_token audience_not_exact')
  })

  it('passes each audience of the document and no other', async () => {
    const door = createDoor({ issuers: [{ ...CONTOSO, audiences: [AUDIENCE, HOME] }] })
    expect(await outcome(door, token(entraClaims({ aud: HOME }), KEY))).toBe('passed')
    expect(await outcome(door, token(entraClaims({ aud: `${HOME} ` }), KEY))).toMatch(/audience_not_exact$/)
  })

  it('passes a list of one only where the document of an OIDC issuer says so (Kubernetes)', async () => {
    expect(await oidc({ aud: [AUDIENCE] }, { audienceArray: true })).toBe('passed')
    expect(await oidc({ aud: [AUDIENCE, AUDIENCE] }, { audienceArray: true })).toMatch(/audience_not_exact$/)
    expect(await oidc({ aud: [[AUDIENCE]] }, { audienceArray: true })).toMatch(/audience_not_exact$/)
    const door = createDoor({ issuers: [{ ...CONTOSO, audienceArray: true }] })
    expect(await outcome(door, token(entraClaims({ aud: [AUDIENCE] }), KEY))).toMatch(/audience_not_exact$/)
  })
})

describe('T6: other kinds of JWT stay outside', () => {
  it.each([
    'at+jwt',
    'AT+JWT',
    'application/at+jwt',
    'grant+jwt',
    'subject+jwt',
    'dpop+jwt',
    'logout+jwt',
    'secevent+jwt',
    'txntoken+jwt',
    'JOSE',
    'JWT ',
    '',
    null,
    ['JWT'],
  ])('refuses typ %j', async (typ) => {
    expect(await outcome(createDoor(), token(entraClaims(), KEY, { typ }))).toBe('invalid_token typ_not_allowed')
  })

  it.each(['JWT', 'jwt', 'Jwt'])('passes typ %s', async (typ) => {
    expect(await outcome(createDoor(), token(entraClaims(), KEY, { typ }))).toBe('passed')
  })

  it('passes a token without typ (Kubernetes writes none)', async () => {
    expect(await outcome(createDoor(), signRaw({ alg: 'RS256', kid: KEY.kid }, entraClaims(), KEY))).toBe('passed')
  })

  it.each([
    ['nonce', 'id_token'],
    ['at_hash', 'id_token'],
    ['c_hash', 'id_token'],
    ['s_hash', 'id_token'],
    ['events', 'event_token'],
    ['cnf', 'token_bound'],
  ])('refuses a token with %s', async (claim, reason) => {
    expect(await entra({ [claim]: 'x' })).toBe(`invalid_token ${reason}`)
    expect(await oidc({ [claim]: null })).toBe(`invalid_token ${reason}`)
  })

  it('refuses an Entra ID token even without nonce: it names no calling application', async () => {
    const door = createDoor()
    expect(await outcome(door, token(without(entraClaims(), 'azp', 'idtyp'), KEY))).toBe('invalid_token app_missing')
  })
})

describe('F3: required claims', () => {
  it.each([
    ['exp', 'time_malformed'],
    ['iat', 'time_malformed'],
    ['aud', 'audience_not_exact'],
    ['iss', 'issuer_missing'],
    ['sub', 'subject_malformed'],
  ])('refuses a token without %s', async (claim, reason) => {
    const door = createDoor()
    expect(await outcome(door, token(without(oidcClaims(), claim), EC))).toBe(`invalid_token ${reason}`)
    expect(await outcome(door, token(without(entraClaims(), claim), KEY))).toBe(`invalid_token ${reason}`)
  })
})

describe('subjects and token ids', () => {
  it.each([
    ['a number', 7],
    ['empty', ''],
    ['513 characters', 'x'.repeat(513)],
    ['a line break', 'a\nb'],
    ['an escape', 'a\u001b[31mb'],
    ['a C1 control', 'a\u0085b'],
    ['a right-to-left override', 'a\u202eb'],
    ['half a surrogate pair', 'a\ud800b'],
  ])('refuses one that is %s (T26)', async (_, value) => {
    expect(await oidc({ sub: value })).toBe('invalid_token subject_malformed')
    expect(await oidc({ jti: value })).toBe('invalid_token token_id_malformed')
    expect(await entra({ uti: value })).toBe('invalid_token token_id_malformed')
  })

  it('passes letters of every script, byte for byte', async () => {
    const door = createDoor()
    const { id } = await door.authenticate(token(oidcClaims({ sub: 'repo:größe/東京' }), EC))
    expect(Buffer.from(id.split(':')[2] ?? '', 'base64url').toString()).toBe('repo:größe/東京')
  })

  it("takes uti before jti for Entra, and another issuer's uti for nothing", async () => {
    const door = createDoor()
    expect((await door.authenticate(token(entraClaims({ jti: 'j' }), KEY))).tokenId).toBe('uti-1')
    expect((await door.authenticate(token(entraClaims({ uti: undefined, jti: 'j' }), KEY))).tokenId).toBe('j')
    expect((await door.authenticate(token(oidcClaims({ uti: 'u', jti: undefined }), EC))).tokenId).toBeUndefined()
  })
})

describe('claims as conditions see them', () => {
  it('keeps every value exactly, frozen, without prototypes, however deep (T30)', async () => {
    const long = 'x'.repeat(5_000)
    const claims = oidcClaims({
      long,
      nested: { list: [{ a: 1 }], hasOwnProperty: 'h' },
      half: 0.5,
      yes: true,
      nil: null,
    })
    const principal = await createDoor().authenticate(token(claims, EC))
    expect(JSON.parse(JSON.stringify(principal.claims))).toEqual(claims)
    expect(principal.claims['toString']).toBeUndefined()
    const nested = principal.claims['nested'] as { list: object[] }
    for (const part of [principal, principal.claims, nested, nested.list, nested.list[0]]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
    for (const part of [principal.claims, nested, nested.list[0]]) expect(Object.getPrototypeOf(part)).toBeNull()
  })

  it.each([
    ['an integer that parsing rounds', '12345678901234567890'],
    ['a number that parses to Infinity', '1e999'],
    ['a rounded integer, deep inside', '{"a":[9007199254740993]}'],
    ['half a surrogate pair', '"\\ud800"'],
    ['half a surrogate pair as a name', '{"\\udfff":1}'],
  ])('refuses %s: two different signed values would look alike', async (_, value) => {
    const payload = JSON.stringify(oidcClaims({ odd: '?' })).replace('"?"', value)
    const text = signRaw({ typ: 'JWT', alg: 'ES256', kid: EC.kid }, payload, EC)
    expect(await outcome(createDoor(), text)).toBe('invalid_token claims_inexact')
  })

  it('gives expiry in milliseconds', async () => {
    const { expiresAt } = await createDoor().authenticate(token(oidcClaims(), EC))
    expect(expiresAt).toBe(NOON + 600_000)
  })
})
