import { beforeEach, describe, expect, it } from 'vitest'
import { oauthToken } from '../../functions/oauth-token.ts'
import { tokens } from '../../functions/tokens.ts'
import { whoami } from '../../functions/whoami.ts'
import { StorageError, type Table } from '../../shared/azure/table.ts'
import type { Endpoint } from '../../shared/http/endpoint.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import { athOf, type ProofKey, proofKey, proofOf } from '../support/dpop.ts'
import { TOKEN_TYPE } from '../support/exchange.ts'
import { createMemoryTable } from '../support/memory-table.ts'
import { bodyOf, GATEWAY, NOW, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

const key = await proofKey()
const thief = await proofKey()

let gateway: TokenGateway

beforeEach(async () => {
  gateway = await tokenGateway()
})

type Call = { authorization?: string; dpop?: string; on?: TokenGateway; headers?: Record<string, string> }

/** `POST /v1/tokens` for ledger-api. */
const native = ({ authorization, dpop, on = gateway, headers }: Call) =>
  on.call(tokens, {
    path: '/v1/tokens',
    headers: {
      'content-type': 'application/json',
      ...(authorization && { authorization }),
      ...(dpop && { dpop }),
      ...headers,
    },
    body: '{"target":"ledger-api"}',
  })

/** A token exchange in which the subject token speaks for the caller. */
const exchanged = (subjectToken: string, { authorization, dpop, on = gateway }: Call = {}) =>
  on.call(oauthToken, {
    path: '/oauth2/token',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(authorization && { authorization }),
      ...(dpop && { dpop }),
    },
    body: new URLSearchParams({
      grant_type: TOKEN_EXCHANGE,
      subject_token: subjectToken,
      subject_token_type: `${TOKEN_TYPE}:access_token`,
      audience: 'ledger-api',
    }).toString(),
  })

type Changes = Record<string, unknown>

const proof = (by: ProofKey, { route }: Pick<Endpoint, 'route'>, changes: Changes = {}) =>
  proofOf(by, { htm: 'POST', htu: `${GATEWAY}/${route}`, iat: NOW / 1_000, ...changes })

const own = (token: string, changes: Changes = {}, by = key) => proof(by, tokens, { ath: athOf(token), ...changes })

describe('a proof with a request for a token binds it (RFC 9449 §5)', () => {
  it('200: POST /v1/tokens: cnf.jkt, tokenType DPoP, said in the blast radius and in the intent', async () => {
    const token = await gateway.tokenOf('alice')
    const answer = await native({ authorization: `Bearer ${token}`, dpop: own(token) })
    expect(answer).toMatchObject({
      status: 200,
      json: { tokenType: 'DPoP', blastRadius: { boundTo: ['audience:api://ledger-api', `key:${key.thumbprint}`] } },
    })
    const { payload } = await gateway.verify(String(bodyOf(answer)['token']), 'api://ledger-api')
    expect(payload['cnf']).toEqual({ jkt: key.thumbprint })
    expect(gateway.entries[0]).toMatchObject({ kind: 'intent', context: { dpopThumbprint: key.thumbprint } })
  })

  it('200: POST /oauth2/token: the same, token_type DPoP; `ath` is not needed there', async () => {
    const answer = await exchanged(await gateway.tokenOf('alice'), { dpop: proof(key, oauthToken) })
    expect(answer).toMatchObject({ status: 200, json: { token_type: 'DPoP' } })
    const { payload } = await gateway.verify(String(bodyOf(answer)['access_token']), 'api://ledger-api')
    expect(payload['cnf']).toEqual({ jkt: key.thumbprint })
  })

  it('200: where another caller acts, the token is bound to the key of who called', async () => {
    const authorization = `Bearer ${await gateway.tokenOf('bob')}`
    const answer = await exchanged(await gateway.tokenOf('alice'), { authorization, dpop: proof(key, oauthToken) })
    const { payload } = await gateway.verify(String(bodyOf(answer)['access_token']), 'api://ledger-api')
    expect(payload).toMatchObject({ cnf: { jkt: key.thumbprint }, act: {} })
  })

  it('200: without a proof it is a bearer token, without cnf', async () => {
    const answer = await native({ authorization: `Bearer ${await gateway.tokenOf('alice')}` })
    expect(bodyOf(answer)['tokenType']).toBe('Bearer')
    const { payload } = await gateway.verify(String(bodyOf(answer)['token']), 'api://ledger-api')
    expect(payload).not.toHaveProperty('cnf')
  })
})

describe('requireDpop on token:issue', () => {
  it('403 dpop_required, 400 invalid_request: without a proof; 200 with one, bound', async () => {
    const token = await gateway.tokenOf('binder')
    const authorization = `Bearer ${token}`
    expect(await native({ authorization })).toMatchObject({ status: 403, json: { code: 'dpop_required' } })
    expect(await exchanged(token)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(gateway.calls.signatures).toBe(0)
    const answer = await native({ authorization, dpop: own(token) })
    expect(answer).toMatchObject({ status: 200, json: { tokenType: 'DPoP' } })
  })
})

describe('a proof that does not hold', () => {
  it.each<[string, (token: string) => string]>([
    ['none of a JWT', () => 'proof'],
    ['about another URI', (token) => own(token, { htu: `${GATEWAY}/v1/whoami` })],
    ['about the host that was called', (token) => own(token, { htu: 'https://evil.test/v1/tokens' })],
    ['about another method', (token) => own(token, { htm: 'GET' })],
    ['about another token', () => own('other')],
    ['about no token', (token) => own(token, { ath: undefined })],
    ['a minute and a second old', (token) => own(token, { iat: NOW / 1_000 - 61 })],
    ['a minute and a second early', (token) => own(token, { iat: NOW / 1_000 + 61 })],
    ['twice in one request', (token) => `${own(token)},${own(token)}`],
  ])('401 invalid_dpop_proof: %s; nothing is decided or recorded', async (_what, make) => {
    const token = await gateway.tokenOf('alice')
    const headers = { host: 'evil.test', 'x-forwarded-host': 'evil.test' }
    const answer = await native({ authorization: `Bearer ${token}`, dpop: make(token), headers })
    expect(answer).toMatchObject({ status: 401, json: { code: 'invalid_dpop_proof' } })
    expect(answer.headers?.['WWW-Authenticate']).toMatch(/^DPoP error="invalid_dpop_proof", algs="ES256 /)
    expect(gateway.calls).toMatchObject({ records: 0, signatures: 0 })
  })

  it('400 invalid_dpop_proof at the token endpoint (RFC 9449 §5)', async () => {
    const answer = await exchanged(await gateway.tokenOf('alice'), { dpop: proof(key, tokens) })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_dpop_proof' } })
  })

  it('T26: what a proof says reaches neither log nor journal', async () => {
    const token = await gateway.tokenOf('alice')
    for (const evil of ['a\r\nb', 'a\u001b[31m', 'a\u202eb', '"}\n{"event":"x', 'a\u0000']) {
      await native({ authorization: `Bearer ${token}`, dpop: own(token, { jti: evil }) })
      await native({ authorization: `Bearer ${token}`, dpop: own(token, { jti: evil, htm: evil, htu: evil }) })
      const written = JSON.stringify([gateway.logged, gateway.entries])
      expect(written.includes(JSON.stringify(evil).slice(1, -1))).toBe(false)
    }
  })
})

describe('T42: a captured request is not worth sending again', () => {
  it('401 invalid_dpop_proof: the same proof twice, also a moment before its minute is over', async () => {
    const token = await gateway.tokenOf('alice')
    const sent = { authorization: `Bearer ${token}`, dpop: own(token) }
    expect((await native(sent)).status).toBe(200)
    expect(await native(sent)).toMatchObject({ status: 401, json: { code: 'invalid_dpop_proof' } })
    gateway.clock.now += 59_999
    expect((await native(sent)).status).toBe(401)
    expect(gateway.calls.signatures).toBe(1)
  })

  it('401: one jti is one proof of its key, whatever else is in it; another key may use it too', async () => {
    const token = await gateway.tokenOf('alice')
    const authorization = `Bearer ${token}`
    expect((await native({ authorization, dpop: own(token, { jti: 'one' }) })).status).toBe(200)
    expect((await native({ authorization, dpop: own(token, { jti: 'one', more: 1 }) })).status).toBe(401)
    expect((await native({ authorization, dpop: own(token, { jti: 'one' }, thief) })).status).toBe(200)
  })

  it('a request that is not authenticated uses nothing up', async () => {
    const dpop = proof(key, oauthToken)
    expect((await exchanged('a.b.c', { dpop })).status).toBe(400)
    expect((await exchanged(await gateway.tokenOf('alice'), { dpop })).status).toBe(200)
  })

  it('503 storage_unavailable: nobody can tell whether it was used, so nothing is done', async () => {
    const down: Table = {
      ...createMemoryTable(),
      insert: async () => {
        throw new StorageError('timeout')
      },
    }
    gateway = await tokenGateway({ onceTable: down })
    const token = await gateway.tokenOf('alice')
    const answer = await native({ authorization: `Bearer ${token}`, dpop: own(token) })
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '2' },
      json: { code: 'storage_unavailable' },
    })
    expect(gateway.calls).toMatchObject({ records: 0, signatures: 0 })
  })
})

describe('a token that an issuer bound to a key (RFC 9449 §7.1)', () => {
  const bound = () => gateway.tokenOf('alice', { cnf: { jkt: key.thumbprint } })

  it('200: under the scheme DPoP, with a proof of that key; each time anew', async () => {
    const token = await bound()
    for (let count = 0; count < 3; count++) {
      expect((await native({ authorization: `DPoP ${token}`, dpop: own(token) })).status).toBe(200)
    }
  })

  it.each<[string, (token: string) => Call]>([
    ['401 invalid_token: as a bearer token', (token) => ({ authorization: `Bearer ${token}` })],
    [
      '401 invalid_token: as a bearer token, proof or not',
      (token) => ({ authorization: `Bearer ${token}`, dpop: own(token) }),
    ],
    [
      '401 invalid_token: with the proof of another key',
      (token) => ({ authorization: `DPoP ${token}`, dpop: own(token, {}, thief) }),
    ],
    ['401 invalid_dpop_proof: without a proof', (token) => ({ authorization: `DPoP ${token}` })],
  ])('%s, before and after its holder used it', async (title, make) => {
    const token = await bound()
    const code = title.split(/[ :]+/)[1]
    expect(await native(make(token))).toMatchObject({ status: 401, json: { code } })
    expect((await native({ authorization: `DPoP ${token}`, dpop: own(token) })).status).toBe(200)
    expect(await native(make(token))).toMatchObject({ status: 401, json: { code } })
  })

  it('401 invalid_token: under the scheme DPoP, but bound to nothing', async () => {
    const token = await gateway.tokenOf('alice')
    const answer = await native({ authorization: `DPoP ${token}`, dpop: own(token) })
    expect(answer).toMatchObject({ status: 401, json: { code: 'invalid_token' } })
  })

  it.each([
    { 'x5t#S256': 'a'.repeat(43) },
    { jkt: 'short' },
    { jkt: 1 },
    { jkt: 'a'.repeat(43), jwk: {} },
    'text',
    null,
  ])('401 invalid_token: bound in a way that nobody can check: %j', async (cnf) => {
    const token = await gateway.tokenOf('alice', { cnf })
    for (const scheme of ['Bearer', 'DPoP']) {
      expect((await native({ authorization: `${scheme} ${token}`, dpop: own(token) })).status).toBe(401)
    }
  })

  it('400 invalid_request: as a subject token without the proof of its key; 200 with it, bound again', async () => {
    const token = await bound()
    expect(await exchanged(token)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect((await exchanged(token, { dpop: proof(thief, oauthToken) })).status).toBe(400)
    const answer = await exchanged(token, { dpop: proof(key, oauthToken) })
    expect(answer).toMatchObject({ status: 200, json: { token_type: 'DPoP' } })
  })

  it('401: its proof is for one URI: what was for /v1/tokens does not open /v1/whoami', async () => {
    const token = await bound()
    const headers = { authorization: `DPoP ${token}`, dpop: own(token) }
    expect((await gateway.call(whoami, { method: 'GET', path: '/v1/whoami', headers })).status).toBe(401)
  })
})
