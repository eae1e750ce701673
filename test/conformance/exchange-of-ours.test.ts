import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { revoke } from '../../functions/revoke.ts'
import { exchange, TOKEN_TYPE } from '../support/exchange.ts'
import { issued, postForm } from '../support/oauth.ts'
import { bodyOf, idOf, NOW, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeEach(async () => {
  gateway = await tokenGateway()
})

const bearer = async (who: string, claims = {}) => ({ authorization: `Bearer ${await gateway.tokenOf(who, claims)}` })
const claimsOf = (answer: Awaited<ReturnType<typeof exchange>>) => decodeJwt(String(bodyOf(answer)['access_token']))

/** The document of target `orders` says `exchangeableFor: ["reports"]`. */
const onward = async (subject_token: string, who: string, audience = 'reports') =>
  exchange(gateway, { subject_token, audience }, await bearer(who))

describe('RFC 8693: an access token of ours as a subject token (T6)', () => {
  it('200: where policy names the exchange, by the service that the token was sent to, which becomes act', async () => {
    const subject = await issued(gateway, { target: 'orders', actor: 'bob' })
    const answer = await onward(subject, 'orders')
    expect(answer.status).toBe(200)
    expect(claimsOf(answer)).toMatchObject({
      sub: idOf('alice'),
      target: 'reports',
      client_id: idOf('orders'),
      act: { sub: idOf('orders'), act: { sub: idOf('bob') } },
    })
    expect(gateway.entries.at(-2)).toMatchObject({ kind: 'intent', principal: { id: idOf('alice'), partial: true } })
  })

  it('200: by the client that holds it; never beyond its end', async () => {
    const subject = await issued(gateway, { target: 'orders' })
    gateway.clock.now = (decodeJwt(subject).exp ?? 0) * 1_000 - 90_000
    const answer = await onward(subject, 'alice')
    expect(bodyOf(answer)['expires_in']).toBe(90)
    expect(claimsOf(answer)).not.toHaveProperty('act')
  })

  it.each([
    ['no document names the exchange', 'ledger-api', 'alice', 'reports'],
    ['the document names another target', 'orders', 'alice', 'ledger-api'],
    ['the way back is not named', 'reports', 'alice', 'orders'],
    ['it was neither issued nor sent to the caller', 'orders', 'bob', 'reports'],
  ])('400 invalid_request: %s; recorded as a denial', async (_what, target, who, audience) => {
    const answer = await onward(await issued(gateway, { target }), who, audience)
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(gateway.entries.at(-1)).toMatchObject({ kind: 'denial' })
  })

  it('400 invalid_target, never a word of the exchange: the caller has no permission itself', async () => {
    const subject = await issued(gateway, { target: 'orders' })
    for (const audience of ['reports', 'no-such-target']) {
      expect(await onward(subject, 'stranger', audience)).toMatchObject({ json: { error: 'invalid_target' } })
    }
  })

  it('400 invalid_request: nobody else authenticates: it proves no caller', async () => {
    const subject_token = await issued(gateway, { target: 'orders' })
    expect(await exchange(gateway, { subject_token, audience: 'reports' })).toMatchObject({
      status: 400,
      json: { error: 'invalid_request' },
    })
  })

  it('400 invalid_request: it was revoked, or has ended', async () => {
    const [revoked, ended] = [await issued(gateway, { target: 'orders' }), await issued(gateway, { target: 'orders' })]
    await postForm(gateway, revoke, { token: revoked }, 'alice')
    expect(await onward(revoked, 'alice')).toMatchObject({ json: { error: 'invalid_request' } })
    gateway.clock.now += 1_800_000
    expect(await onward(ended, 'alice')).toMatchObject({ json: { error: 'invalid_request' } })
  })

  it('400 invalid_request: it is bound to a key that was not proved', async () => {
    const claims = { ...decodeJwt(await issued(gateway, { target: 'orders' })), cnf: { jkt: 'x'.repeat(43) } }
    const token = await (await gateway.keys.signer('ES256')).sign(claims, 'at+jwt')
    expect(await onward(token, 'alice')).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('401: as actor token and as bearer it is nothing at all', async () => {
    const token = await issued(gateway, { target: 'orders' })
    const actor = { actor_token: token, actor_token_type: `${TOKEN_TYPE}:access_token` }
    expect(await exchange(gateway, actor, await bearer('bob'))).toMatchObject({ json: { error: 'invalid_request' } })
    expect((await exchange(gateway, {}, { authorization: `Bearer ${token}` })).status).toBe(401)
  })
})

describe('RFC 8693 §2.1: actor_token', () => {
  const withActor = async (who: string, claims = {}) => ({
    actor_token: await gateway.tokenOf(who, claims),
    actor_token_type: `${TOKEN_TYPE}:access_token`,
  })

  it('200: the caller’s own: it acts, and nothing outlives the actor token', async () => {
    const answer = await exchange(gateway, await withActor('bob', { exp: NOW / 1_000 + 45 }), await bearer('bob'))
    expect(claimsOf(answer)).toMatchObject({ sub: idOf('alice'), act: { sub: idOf('bob') } })
    expect(bodyOf(answer)['expires_in']).toBe(45)
  })

  it('400 invalid_request: that of somebody else, whoever calls', async () => {
    const answer = await exchange(gateway, await withActor('officer'), await bearer('bob'))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it.each([
    ['expired', { iat: NOW / 1_000 - 900, exp: NOW / 1_000 - 600 }],
    ['for another audience', { aud: 'api://other' }],
  ])('400 invalid_request: %s', async (_what, claims) => {
    const answer = await exchange(gateway, await withActor('bob', claims), await bearer('bob'))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('401 invalid_client: nobody authenticated: neither token speaks for the caller then', async () => {
    expect(await exchange(gateway, await withActor('bob'))).toMatchObject({
      status: 401,
      json: { error: 'invalid_client' },
    })
  })

  it('may_act is compared with the actor token', async () => {
    const subject_token = await gateway.tokenOf('alice', { may_act: { sub: 'bob', role: 'agent' } })
    const as = async (claims: object) =>
      exchange(gateway, { subject_token, ...(await withActor('bob', claims)) }, await bearer('bob'))
    expect((await as({ role: 'agent' })).status).toBe(200)
    expect(await as({})).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('400 invalid_request: a token that names who may act is no token to call with alone', async () => {
    const subject_token = await gateway.tokenOf('alice', { may_act: { sub: 'bob' } })
    expect(await exchange(gateway, { subject_token })).toMatchObject({
      status: 400,
      json: { error: 'invalid_request' },
    })
  })
})
