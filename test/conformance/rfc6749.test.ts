import { beforeEach, describe, expect, it } from 'vitest'
import { oauthToken } from '../../functions/oauth-token.ts'
import { exchange, post } from '../support/exchange.ts'
import { type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeEach(async () => {
  gateway = await tokenGateway()
})

describe('RFC 6749 §3.2: the token endpoint', () => {
  it('200: ignores parameters it does not know', async () => {
    expect((await exchange(gateway, { foo: 'bar', client_id: 'x', options: '{"a":1}' })).status).toBe(200)
  })

  it('200: a parameter without a value counts as absent', async () => {
    expect(
      (await exchange(gateway, { scope: '', resource: '', actor_token: '', requested_token_type: '' })).status,
    ).toBe(200)
  })

  it.each(['grant_type', 'subject_token', 'scope', 'foo'])('400 invalid_request: %s twice', async (name) => {
    expect(await exchange(gateway, { [name]: ['x', 'y'] })).toMatchObject({
      status: 400,
      json: { error: 'invalid_request' },
    })
  })

  it.each([
    ['not percent-encoded', 'grant_type=%zz'],
    ['not UTF-8', 'grant_type=%ff%fe'],
    ['empty', ''],
    ['65 parameters', Array.from({ length: 65 }, (_, at) => `p${at}=1`).join('&')],
  ])('400 invalid_request: %s', async (_what, body) => {
    expect(await post(gateway, body)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it.each([
    [415, { 'content-type': 'application/json' }],
    [415, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-16' }],
    [415, { 'content-encoding': 'gzip' }],
    [411, { 'content-length': '' }],
    [411, { 'transfer-encoding': 'chunked' }],
    [413, { 'content-length': '70000' }],
  ])('%d invalid_request: %j', async (status, headers) => {
    expect(await post(gateway, 'grant_type=x', headers)).toMatchObject({ status, json: { error: 'invalid_request' } })
  })

  it('405: a GET never takes parameters (§3.2)', async () => {
    const answer = await gateway.call(oauthToken, { method: 'GET', query: 'grant_type=x' })
    expect(answer).toMatchObject({ status: 405, headers: { Allow: 'POST' }, json: { error: 'invalid_request' } })
  })
})

describe('RFC 6749 §5.2: 401 invalid_client with a challenge', () => {
  it.each([
    ['another scheme', 'Basic YTpi', ''],
    ['no token after the scheme', 'Bearer ', ''],
    ['a token that is none', 'Bearer garbage', 'error="invalid_token"'],
  ])('%s', async (_what, authorization, error) => {
    const answer = await exchange(gateway, {}, { authorization })
    expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
    const challenge = String(answer.headers?.['WWW-Authenticate'])
    expect(challenge).toMatch(/^Bearer realm=/)
    expect(challenge.includes('error=')).toBe(error !== '')
    expect(challenge).toContain(error)
  })

  it('a bad caller is told so before its subject token is looked at', async () => {
    const answer = await exchange(gateway, { subject_token: 'garbage' }, { authorization: 'Bearer garbage' })
    expect(answer.json).toMatchObject({ error: 'invalid_client' })
    expect(gateway.entries).toEqual([])
  })
})
