import { beforeEach, describe, expect, it } from 'vitest'
import { oauthToken } from '../../functions/oauth-token.ts'
import { StorageError } from '../../shared/azure/table.ts'
import { exchange } from '../support/exchange.ts'
import { createMemoryTable } from '../support/memory-table.ts'
import { assertion, issued, JWT_BEARER, postForm } from '../support/oauth.ts'
import { AUDIENCE, bodyOf, GATEWAY, idOf, NOW, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeEach(async () => {
  gateway = await tokenGateway()
})

const BY_ALICE = { grant_type: 'client_credentials', audience: 'ledger-api' }
const ask = (form: Record<string, string | undefined>, who?: string) =>
  postForm(gateway, oauthToken, { ...BY_ALICE, ...form }, who)

const seconds = NOW / 1_000

describe('RFC 6749 §4.4, RFC 7523 §2.2: client credentials with a client assertion', () => {
  it('200: a token about the client itself; as long as policy lets it live, not as the assertion', async () => {
    const answer = await ask({ ...(await assertion(gateway, 'alice')), scope: 'read' })
    expect(answer).toMatchObject({ status: 200, headers: { 'Cache-Control': 'no-store', Pragma: 'no-cache' } })
    expect(bodyOf(answer)).toMatchObject({ token_type: 'Bearer', expires_in: 1_800, scope: 'read' })
    expect(bodyOf(answer)).not.toHaveProperty('issued_token_type')
    const { payload } = await gateway.verify(String(bodyOf(answer)['access_token']), 'api://ledger-api')
    expect(payload).toMatchObject({ sub: idOf('alice'), client_id: idOf('alice') })
    expect(payload).not.toHaveProperty('act')
    expect(gateway.entries[0]).toMatchObject({ kind: 'intent', principal: { id: idOf('alice') } })
  })

  it('200: with Authorization too; that token bounds the new one', async () => {
    expect(bodyOf(await ask({}, 'alice'))).toMatchObject({ token_type: 'Bearer', expires_in: 1_800 })
  })

  it('200: by resource, and with the client_id that the assertion speaks for (RFC 7521 §4.2)', async () => {
    for (const client_id of ['alice', idOf('alice')]) {
      const form = { ...(await assertion(gateway, 'alice')), client_id, audience: undefined, resource: 'urn:ledger' }
      expect((await ask(form)).status).toBe(200)
    }
  })

  it('200: a client that exchanges and authenticates by assertion becomes act', async () => {
    const answer = await exchange(
      gateway,
      await assertion(gateway, 'bob').then((by) => ({ ...by, subject_token: undefined })),
    )
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    const subject_token = await gateway.tokenOf('alice')
    const good = await exchange(gateway, { ...(await assertion(gateway, 'bob')), subject_token })
    const { payload } = await gateway.verify(String(bodyOf(good)['access_token']), 'api://ledger-api')
    expect(payload).toMatchObject({ sub: idOf('alice'), client_id: idOf('bob'), act: { sub: idOf('bob') } })
  })

  it.each([
    ['nobody', 'stranger', 'ledger-api'],
    ['a target that does not exist', 'alice', 'no-such-target'],
  ])('400 invalid_target: %s', async (_what, who, audience) => {
    const answer = await ask({ ...(await assertion(gateway, who)), audience })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
  })
})

describe('RFC 7523 §3, rfc7523bis: which assertion counts', () => {
  it.each<[string, Record<string, unknown>]>([
    ['for the gateway as a service, not as an issuer', { aud: AUDIENCE }],
    ['for the token endpoint', { aud: `${GATEWAY}/oauth2/token` }],
    ['for the issuer with a slash', { aud: `${GATEWAY}/` }],
    ['for a list of one', { aud: [GATEWAY] }],
    ['for two', { aud: [GATEWAY, AUDIENCE] }],
    ['without a jti', { jti: undefined }],
    ['with an empty jti', { jti: '' }],
    ['with a number for a jti', { jti: 7 }],
    ['that lives eleven minutes', { exp: seconds + 660 }],
    ['without an end', { exp: undefined }],
    ['that has ended', { iat: seconds - 300, exp: seconds - 61 }],
    ['of tomorrow', { iat: seconds + 86_400, exp: seconds + 86_460 }],
    ['of an issuer that nobody trusts', { iss: 'https://evil.test' }],
    ['without a subject', { sub: undefined }],
    ['bound to a key', { cnf: { jkt: 'x'.repeat(43) } }],
    ['that is an ID token of a login', { nonce: 'n' }],
  ])('401 invalid_client: %s', async (_what, claims) => {
    const answer = await ask(await assertion(gateway, 'alice', claims))
    expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
    expect(gateway.entries).toEqual([])
  })

  it.each<[string, Record<string, string | undefined>]>([
    ['garbage', { client_assertion: 'a.b.c' }],
    ['another type', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }],
    ['a secret beside it', { client_secret: 'x' }],
    ['the client_id of somebody else', { client_id: 'bob' }],
  ])('401 invalid_client: %s', async (_what, form) => {
    const answer = await ask({ ...(await assertion(gateway, 'alice')), ...form })
    expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
  })

  it('401 invalid_client: a token of ours, for whatever audience (T6)', async () => {
    const token = await issued(gateway)
    expect(await ask({ client_assertion_type: JWT_BEARER, client_assertion: token })).toMatchObject({ status: 401 })
  })

  it('401 invalid_client: nobody authenticated', async () => {
    expect(await ask({})).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
  })

  it.each<[string, Record<string, string | undefined>]>([
    ['an assertion without its type', { client_assertion_type: undefined }],
    ['a type without an assertion', { client_assertion: undefined }],
  ])('400 invalid_request: %s', async (_what, form) => {
    const answer = await ask({ ...(await assertion(gateway, 'alice')), ...form })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('400 invalid_request: two ways to authenticate (RFC 6749 §2.3)', async () => {
    const answer = await ask(await assertion(gateway, 'alice'), 'alice')
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('401 invalid_token: an assertion is no bearer token', async () => {
    const { client_assertion } = await assertion(gateway, 'alice')
    const answer = await exchange(gateway, {}, { authorization: `Bearer ${client_assertion}` })
    expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
  })
})

describe('RFC 7523 §3 (7): a jti counts once (T42)', () => {
  it('200 for exactly one of ten at the same moment, on two instances; 401 invalid_client for the others', async () => {
    const onceTable = createMemoryTable()
    const instances = [await tokenGateway({ onceTable }), await tokenGateway({ onceTable })] as const
    // Both instances of this test have an issuer of their own with the same name: the first's token is good at the first alone.
    const form = { ...BY_ALICE, ...(await assertion(instances[0], 'alice')) }
    const answers = await Promise.all(Array.from({ length: 10 }, () => postForm(instances[0], oauthToken, form)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(401)])
    expect(onceTable.rows()).toMatchObject([{ partitionKey: 'jti|2026112500' }])
  })

  it('401: a byte-different copy is the same assertion (F2), and the leeway does not outlive the record', async () => {
    const onceTable = createMemoryTable()
    gateway = await tokenGateway({ onceTable })
    const by = await assertion(gateway, 'alice')
    expect((await ask(by)).status).toBe(200)
    gateway.clock.now = NOW + 119_000
    expect((await ask(by)).status).toBe(401)
    const [row] = onceTable.rows()
    expect(Date.parse(String(row?.['expires']))).toBe(NOW + 120_000)
  })

  it('nobody uses up the jti of another: it is claimed after the signature', async () => {
    const by = await assertion(gateway, 'alice', { jti: 'wanted' })
    const [header, payload] = by.client_assertion.split('.')
    await ask({ ...by, client_assertion: `${header}.${payload}.${'A'.repeat(86)}` })
    await ask(await assertion(gateway, 'alice', { jti: 'wanted', aud: AUDIENCE }))
    expect((await ask(by)).status).toBe(200)
  })

  it('503: storage cannot tell whether it was used, so nothing is issued', async () => {
    const insert = async () => {
      throw new StorageError('unreachable')
    }
    gateway = await tokenGateway({ onceTable: { ...createMemoryTable(), insert } })
    expect(await ask(await assertion(gateway, 'alice'))).toMatchObject({
      status: 503,
      json: { error: 'temporarily_unavailable' },
    })
    expect(gateway.calls.signatures).toBe(0)
  })
})
