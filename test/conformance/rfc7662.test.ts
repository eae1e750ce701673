import { decodeJwt, SignJWT } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { introspect } from '../../functions/introspect.ts'
import { revoke } from '../../functions/revoke.ts'
import { StorageError } from '../../shared/azure/table.ts'
import { createMemoryTable } from '../support/memory-table.ts'
import { assertion, issued, postForm } from '../support/oauth.ts'
import { GATEWAY, idOf, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeEach(async () => {
  gateway = await tokenGateway()
})

const ask = (token: string | undefined, who?: string, more = {}) =>
  postForm(gateway, introspect, { token, ...more }, who)

const seen = ({ status, json, headers = {} }: Awaited<ReturnType<typeof ask>>) => {
  const { 'X-Sallyport-Txn': _txn, 'X-Sallyport-Receipt': receipt, ...others } = headers
  return JSON.stringify({ status, json, others, receipt: /^w;\d+;m$/.test(receipt ?? '') })
}

const INACTIVE = { status: 200, json: { active: false } }

describe('RFC 7662 §2.2: an active token', () => {
  it('200: everything that is told of it, to the service it was made for; not to be stored', async () => {
    const token = await issued(gateway, { actor: 'bob' })
    const { iat, exp, jti, txn } = decodeJwt(token)
    const answer = await ask(token, 'ledger')
    expect(answer).toMatchObject({ status: 200, headers: { 'Cache-Control': 'no-store' } })
    expect(answer.json).toEqual({
      active: true,
      scope: 'read post',
      client_id: idOf('bob'),
      sub: idOf('alice'),
      aud: 'api://ledger-api',
      iss: GATEWAY,
      act: { sub: idOf('bob') },
      token_type: 'Bearer',
      ...{ iat, exp, jti, txn },
    })
  })

  it('200: to the client that holds it, without a permit; its subject is not the holder where an actor is', async () => {
    const token = await issued(gateway, { actor: 'bob' })
    expect((await ask(token, 'bob')).json).toMatchObject({ active: true })
    expect(gateway.entries.at(-2)).toMatchObject({ decision: { effect: 'permit', reason: 'holder' } })
    expect(await ask(token, 'alice')).toMatchObject(INACTIVE)
  })

  it('200: with a client assertion instead of Authorization, and whatever the hint says', async () => {
    const token = await issued(gateway)
    const by = await assertion(gateway, 'ledger')
    expect((await ask(token, undefined, { ...by, token_type_hint: 'refresh_token' })).json).toMatchObject({
      active: true,
    })
  })

  it('200: a bound token is told as DPoP, with the key it is bound to (RFC 9449 §6.2)', async () => {
    const cnf = { jkt: 'x'.repeat(43) }
    const claims = { ...decodeJwt(await issued(gateway)), cnf }
    const token = await (await gateway.keys.signer('ES256')).sign(claims, 'at+jwt')
    expect((await ask(token, 'ledger')).json).toMatchObject({ active: true, token_type: 'DPoP', cnf })
  })

  it('one intent that names the token, before the answer; no signature in the journal', async () => {
    const token = await issued(gateway)
    gateway.entries.length = 0
    await ask(token, 'ledger')
    expect(gateway.entries).toMatchObject([
      {
        kind: 'intent',
        action: 'token:introspect',
        resource: 'token/ledger-api',
        handout: { jti: decodeJwt(token).jti },
      },
      { kind: 'result', outcome: 'ok' },
    ])
    expect(JSON.stringify(gateway.entries)).not.toContain(token.split('.')[2])
  })
})

describe('RFC 7662 §2.2: {"active":false} and nothing else', () => {
  const bad: [string, (token: string) => string | Promise<string>][] = [
    ['garbage', () => 'garbage'],
    ['another signature', (token) => `${token.slice(0, -9)}AAAAAAAAA`],
    ['padding (F2)', (token) => `${token}=`],
    ['a caller’s own token', () => gateway.tokenOf('alice')],
    ['an at+jwt of another issuer', () => gateway.tokenOf('alice', {}, { typ: 'at+jwt' })],
    [
      'a key of another',
      async (token) => {
        const key = new Uint8Array(32)
        return new SignJWT(decodeJwt(token)).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(key)
      },
    ],
    [
      'a JWT of ours of another kind',
      async (token) => (await gateway.keys.signer('ES256')).sign(decodeJwt(token), 'JWT'),
    ],
    [
      'no target in it',
      async (token) => {
        const { target: _target, ...claims } = decodeJwt(token)
        return (await gateway.keys.signer('ES256')).sign(claims, 'at+jwt')
      },
    ],
  ]

  it.each(bad)('200 inactive: %s', async (_what, make) => {
    const token = await make(await issued(gateway))
    for (const who of ['ledger', 'officer', 'alice']) expect((await ask(token, who)).json).toEqual({ active: false })
  })

  it('200 inactive: from the very second in which it ends (T28: no leeway for our own)', async () => {
    const token = await issued(gateway)
    gateway.clock.now = (decodeJwt(token).exp ?? 0) * 1_000 - 1
    expect((await ask(token, 'ledger')).json).toMatchObject({ active: true })
    gateway.clock.now += 1
    expect((await ask(token, 'ledger')).json).toEqual({ active: false })
  })

  it('200 inactive: at once after a revocation, on every instance (T22)', async () => {
    const onceTable = createMemoryTable()
    gateway = await tokenGateway({ onceTable })
    const other = await tokenGateway({ onceTable })
    const token = await issued(gateway)
    await postForm(other, revoke, { token }, 'alice')
    expect((await ask(token, 'ledger')).json).toEqual({ active: false })
    expect((await postForm(other, introspect, { token }, 'ledger')).json).toEqual({ active: false })
  })

  it('the same bytes and one denial each: unknown, ended, and good but not the caller’s to see (T20)', async () => {
    const good = await issued(gateway)
    const revoked = await issued(gateway)
    await postForm(gateway, revoke, { token: revoked }, 'alice')
    gateway.entries.length = 0
    const before = { ...gateway.calls }
    const answers = []
    for (const token of [good, revoked, 'garbage', `${good}x`, await gateway.tokenOf('alice')]) {
      answers.push(await ask(token, 'reader'))
    }
    expect(new Set(answers.map(seen)).size).toBe(1)
    expect(answers[0]).toMatchObject(INACTIVE)
    expect(gateway.entries.map(({ kind }) => kind)).toEqual(answers.map(() => 'denial'))
    expect(gateway.calls.records - before.records).toBe(answers.length)
  })

  it('a denied caller costs storage no look-up, whatever the token is', async () => {
    const table = createMemoryTable()
    let looks = 0
    gateway = await tokenGateway({
      onceTable: {
        ...table,
        get: async (...args) => {
          looks++
          return table.get(...args)
        },
      },
    })
    const token = await issued(gateway)
    await ask(token, 'reader')
    expect(looks).toBe(0)
    await ask(token, 'ledger')
    expect(looks).toBe(1)
  })
})

describe('RFC 7662 §2.1, §2.3: requests', () => {
  it('400 invalid_request: no token', async () => {
    expect(await ask(undefined, 'ledger')).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('401 invalid_client: nobody, and a bad bearer; nothing is said of the token', async () => {
    const token = await issued(gateway)
    const nobody = await ask(token)
    expect(nobody).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
    expect(nobody.headers?.['WWW-Authenticate']).toMatch(/^Bearer /)
    const own = await gateway.call(introspect, {
      headers: { 'content-type': 'application/x-www-form-urlencoded', authorization: `Bearer ${token}` },
      body: `token=${token}`,
    })
    expect(own).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
  })

  it('503 temporarily_unavailable, never active: storage cannot tell what was revoked', async () => {
    const table = createMemoryTable()
    const down = async () => {
      throw new StorageError('timeout')
    }
    gateway = await tokenGateway({ onceTable: { ...table, get: down } })
    const answer = await ask(await issued(gateway), 'ledger')
    expect(answer).toMatchObject({
      status: 503,
      json: { error: 'temporarily_unavailable' },
      headers: { 'Retry-After': '2' },
    })
    expect(gateway.entries.at(-1)).toMatchObject({ kind: 'denial', refusal: 'once_timeout' })
  })
})
