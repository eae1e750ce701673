import { beforeEach, describe, expect, it } from 'vitest'
import { exchange, TOKEN_TYPE } from '../support/exchange.ts'
import { bodyOf, GATEWAY, idOf, NOW, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeEach(async () => {
  gateway = await tokenGateway()
})

const claimsOf = async (answer: Awaited<ReturnType<typeof exchange>>) =>
  (await gateway.verify(String(bodyOf(answer)['access_token']), 'api://ledger-api')).payload

const bearer = async (who: string, claims = {}) => ({ authorization: `Bearer ${await gateway.tokenOf(who, claims)}` })

describe('RFC 8693 §2.2.1: the answer', () => {
  it('200: access_token, issued_token_type, token_type, expires_in and scope, not to be stored', async () => {
    const answer = await exchange(gateway)
    expect(answer).toMatchObject({ status: 200, headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' } })
    expect(bodyOf(answer)).toMatchObject({
      access_token: expect.any(String),
      issued_token_type: `${TOKEN_TYPE}:access_token`,
      token_type: 'Bearer',
      expires_in: 1_800,
      scope: 'read post',
      blast_radius: { revocable: 'introspection', issuedAs: idOf('alice') },
    })
    expect(await claimsOf(answer)).toMatchObject({ iss: GATEWAY, sub: idOf('alice'), client_id: idOf('alice') })
  })

  it('200: tells the narrower scope that was given (§2.2.1)', async () => {
    const answer = await exchange(gateway, { scope: 'post' })
    expect([bodyOf(answer)['scope'], (await claimsOf(answer))['scope']]).toEqual(['post', 'post'])
  })

  it('200: no scope where the target has none', async () => {
    expect(bodyOf(await exchange(gateway, { audience: 'reports' }))).not.toHaveProperty('scope')
  })

  it('200: names the type that was requested', async () => {
    const answer = await exchange(gateway, { requested_token_type: `${TOKEN_TYPE}:jwt` })
    expect(bodyOf(answer)).toMatchObject({ issued_token_type: `${TOKEN_TYPE}:jwt`, token_type: 'Bearer' })
  })

  it.each(['https://ledger.test/', 'urn:ledger'])(
    '200: by resource %s as the target registers it',
    async (resource) => {
      expect(await claimsOf(await exchange(gateway, { audience: undefined, resource }))).toMatchObject({
        aud: 'api://ledger-api',
      })
    },
  )

  it('200: does not outlive the subject token', async () => {
    const subject_token = await gateway.tokenOf('alice', { exp: NOW / 1_000 + 120 })
    expect(bodyOf(await exchange(gateway, { subject_token }))['expires_in']).toBe(120)
  })

  it('200: does not outlive the token of the caller either', async () => {
    const answer = await exchange(gateway, {}, await bearer('bob', { exp: NOW / 1_000 + 60 }))
    expect(bodyOf(answer)['expires_in']).toBe(60)
  })
})

describe('RFC 8693 §2.2.2: errors', () => {
  const long = `${'a'.repeat(9_000)}.${'b'.repeat(9_000)}.c`

  it.each<[string, number, string, Record<string, string | string[] | undefined>]>([
    ['no grant type', 400, 'invalid_request', { grant_type: undefined }],
    ['another grant type', 400, 'unsupported_grant_type', { grant_type: 'refresh_token' }],
    ['no subject token', 400, 'invalid_request', { subject_token: undefined }],
    ['an empty subject token', 400, 'invalid_request', { subject_token: '' }],
    ['no subject token type', 400, 'invalid_request', { subject_token_type: undefined }],
    ['an unknown subject token type', 400, 'invalid_request', { subject_token_type: `${TOKEN_TYPE}:saml2` }],
    ['a subject token that is none (not invalid_grant)', 400, 'invalid_request', { subject_token: 'garbage' }],
    ['a subject token of 18 kB', 400, 'invalid_request', { subject_token: long }],
    ['a type of actor without one', 400, 'invalid_request', { actor_token_type: `${TOKEN_TYPE}:jwt` }],
    ['an actor without its type', 400, 'invalid_request', { actor_token: 'a.b.c' }],
    [
      'an actor, but nobody authenticated',
      401,
      'invalid_client',
      { actor_token: 'a.b.c', actor_token_type: `${TOKEN_TYPE}:jwt` },
    ],
    [
      'an actor of an unknown type',
      400,
      'invalid_request',
      { actor_token: 'x', actor_token_type: `${TOKEN_TYPE}:saml2` },
    ],
    ['an unknown requested type', 400, 'invalid_request', { requested_token_type: `${TOKEN_TYPE}:refresh_token` }],
    ['no target', 400, 'invalid_target', { audience: undefined }],
    ['an empty target', 400, 'invalid_target', { audience: '' }],
    ['two targets by audience', 400, 'invalid_target', { audience: ['ledger-api', 'reports'] }],
    ['the same target twice', 400, 'invalid_target', { audience: ['ledger-api', 'ledger-api'] }],
    ['two targets by resource', 400, 'invalid_target', { audience: undefined, resource: ['urn:ledger', 'urn:x'] }],
    ['audience and resource', 400, 'invalid_target', { resource: 'urn:ledger' }],
    ['an unknown audience', 400, 'invalid_target', { audience: 'no-such-target' }],
    ['a scope the target lacks', 400, 'invalid_scope', { scope: 'read admin' }],
    ['a malformed scope', 400, 'invalid_scope', { scope: 'read  post' }],
    ['a client secret', 401, 'invalid_client', { client_id: 'x', client_secret: 'y' }],
    ['a client assertion', 401, 'invalid_client', { client_assertion: 'a.b.c', client_assertion_type: 'urn:x' }],
  ])('%s: %d %s', async (_what, status, error, changes) => {
    const answer = await exchange(gateway, changes)
    expect(answer).toMatchObject({ status, headers: { 'Cache-Control': 'no-store' }, json: { error } })
    expect(Object.keys(bodyOf(answer))).toEqual(['error', 'error_description'])
    expect(bodyOf(answer)['error_description']).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
    expect(gateway.calls.signatures).toBe(0)
  })

  it('400 invalid_target: no permission, unknown, and permitted but unknown are the same bytes (T20)', async () => {
    const stranger = await gateway.tokenOf('stranger')
    const answers = [
      await exchange(gateway, { subject_token: stranger }),
      await exchange(gateway, { subject_token: stranger, audience: 'reports' }),
      await exchange(gateway, { subject_token: stranger, audience: 'no-such-target' }),
      await exchange(gateway, { subject_token: stranger, audience: undefined, resource: 'https://unknown.test/' }),
      await exchange(gateway, { audience: 'no-such-target' }),
    ]
    expect(new Set(answers.map(({ status, json }) => JSON.stringify([status, json]))).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
    expect(answers.some(({ headers = {} }) => 'WWW-Authenticate' in headers)).toBe(false)
    expect(gateway.entries.map(({ kind }) => kind)).toEqual(answers.map(() => 'denial'))
    expect(gateway.calls).toMatchObject({ refreshes: answers.length, records: answers.length })
  })

  it.each<[string, (g: TokenGateway) => Promise<string>]>([
    ['for another audience', (g) => g.tokenOf('alice', { aud: 'api://other' })],
    ['for several audiences', (g) => g.tokenOf('alice', { aud: ['api://sallyport', 'api://other'] })],
    ['of an untrusted issuer', (g) => g.tokenOf('alice', { iss: 'https://evil.test' })],
    ['expired', (g) => g.tokenOf('alice', { exp: NOW / 1_000 - 600, iat: NOW / 1_000 - 900 })],
    ['that is an ID token of a login', (g) => g.tokenOf('alice', { nonce: 'n' })],
    ['of ours: an at+jwt (T6)', async (g) => String(bodyOf(await exchange(g))['access_token'])],
    ['of another kind', (g) => g.tokenOf('alice', {}, { typ: 'at+jwt' })],
  ])('400 invalid_request: a subject token %s', async (_what, make) => {
    const subject_token = await make(gateway)
    const answer = await exchange(gateway, { subject_token, subject_token_type: `${TOKEN_TYPE}:id_token` })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(JSON.stringify(answer)).not.toContain(subject_token)
  })
})

describe('RFC 8693 §4.1: delegation', () => {
  it('200: another caller becomes act and client_id; one intent names both', async () => {
    const answer = await exchange(gateway, {}, await bearer('bob'))
    expect(await claimsOf(answer)).toMatchObject({
      sub: idOf('alice'),
      client_id: idOf('bob'),
      act: { sub: idOf('bob') },
    })
    expect(Object.keys((await claimsOf(answer))['act'] as object)).toEqual(['sub'])
    expect(gateway.entries.map(({ kind }) => kind)).toEqual(['intent', 'result'])
    expect(gateway.entries[0]).toMatchObject({
      principal: { id: idOf('alice') },
      decision: { effect: 'permit', statementIds: ['issuers'] },
      actor: { principal: { id: idOf('bob') }, decision: { effect: 'permit', statementIds: ['issuers'] } },
    })
  })

  it('200: the same principal with a second token is no delegation', async () => {
    const answer = await exchange(gateway, {}, await bearer('alice'))
    expect(await claimsOf(answer)).not.toHaveProperty('act')
    expect(gateway.entries[0]).not.toHaveProperty('actor')
  })

  it('200: the stricter obligation of the two binds', async () => {
    expect(
      bodyOf(await exchange(gateway, {}, { ...(await bearer('careful')), 'x-sallyport-reason': 'r' }))['expires_in'],
    ).toBe(300)
    const answer = await exchange(gateway, {}, await bearer('careful'))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it.each([
    ['the caller has no permission itself', 'alice', 'stranger'],
    ['the subject has none, whatever the caller may', 'stranger', 'alice'],
    ['the caller may read only', 'alice', 'reader'],
  ])('400 invalid_target: %s', async (_what, subject, caller) => {
    const answer = await exchange(gateway, { subject_token: await gateway.tokenOf(subject) }, await bearer(caller))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
    expect(gateway.entries).toMatchObject([{ kind: 'denial', principal: { id: idOf(subject) }, actor: {} }])
    expect(gateway.calls.signatures).toBe(0)
  })

  it('§4.4: may_act lets the named caller act, and 400 invalid_request for any other', async () => {
    const forBob = { subject_token: await gateway.tokenOf('alice', { may_act: { sub: 'bob' } }) }
    expect((await exchange(gateway, forBob, await bearer('bob'))).status).toBe(200)
    const forSomebody = { subject_token: await gateway.tokenOf('alice', { may_act: { sub: 'somebody' } }) }
    const answer = await exchange(gateway, forSomebody, await bearer('bob'))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(gateway.entries.at(-1)).toMatchObject({ kind: 'denial', refusal: 'may_act_differs' })
  })

  it('400 invalid_request: chains that come back to the caller, or grow too long', async () => {
    const chains = [
      { sub: 'web', act: { sub: 'bob' } },
      { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd' } } } },
    ]
    for (const act of chains) {
      const answer = await exchange(
        gateway,
        { subject_token: await gateway.tokenOf('alice', { act }) },
        await bearer('bob'),
      )
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    }
  })
})
