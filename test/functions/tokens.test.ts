import { beforeEach, describe, expect, it } from 'vitest'
import { tokens } from '../../functions/tokens.ts'
import { hashToken } from '../../shared/audit/token-hash.ts'
import { bodyOf, GATEWAY, idOf, NOW, type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let gateway: TokenGateway

beforeEach(async () => {
  gateway = await tokenGateway()
})

const post = async (who: string, body: unknown, headers: Record<string, string> = {}) =>
  gateway.call(tokens, {
    headers: {
      authorization: `Bearer ${await gateway.tokenOf(who)}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })

/** What a caller sees of a refusal, ids taken out. */
const seen = ({ status, headers = {}, json }: Awaited<ReturnType<typeof post>>) => {
  const { 'X-Sallyport-Txn': _txn, 'X-Sallyport-Receipt': _receipt, ...others } = headers
  const { instance: _instance, ...body } = json as Record<string, unknown>
  return JSON.stringify({ status, others, body })
}

describe('POST /v1/tokens', () => {
  it('200: a token that verifies against the JWKS, with its blast radius', async () => {
    const answer = await post('alice', { target: 'ledger-api', scope: 'read', ttl: '15m' })
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'Cache-Control': 'no-store', 'X-Sallyport-Receipt': 'w;1;m', 'X-Sallyport-Txn': 'txn-1' },
      json: {
        tokenType: 'Bearer',
        target: 'ledger-api',
        expiresIn: 900,
        blastRadius: {
          expiresAt: new Date(NOW + 900_000).toISOString(),
          revocable: 'introspection',
          scope: 'read',
          boundTo: ['audience:api://ledger-api'],
          issuedAs: idOf('alice'),
        },
      },
    })
    const { payload, protectedHeader } = await gateway.verify(String(bodyOf(answer)['token']), 'api://ledger-api')
    expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) })
    expect(payload).toMatchObject({ iss: GATEWAY, sub: idOf('alice'), client_id: idOf('alice'), txn: 'txn-1' })
  })

  it('200: RS256 where the target says so, cut to what the target allows', async () => {
    const answer = await post('alice', { target: 'reports', ttl: 3_600 })
    const { payload, protectedHeader } = await gateway.verify(String(bodyOf(answer)['token']), 'api://reports')
    expect([protectedHeader.alg, (payload.exp ?? 0) - (payload.iat ?? 0)]).toEqual(['RS256', 600])
  })

  it('200: never longer than the obligation, nor than the caller’s own token', async () => {
    expect(bodyOf(await post('alice', { target: 'ledger-api' }))['expiresIn']).toBe(1_800)
    gateway.clock.now += 3_000_000
    const short = await gateway.tokenOf('alice', { exp: gateway.clock.now / 1_000 + 77 })
    const answer = await post('alice', { target: 'ledger-api' }, { authorization: `Bearer ${short}` })
    expect(bodyOf(answer)['expiresIn']).toBe(77)
  })

  it('journals an intent that names the jti, and a result with the hash of the token, never the token', async () => {
    const token = String(bodyOf(await post('alice', { target: 'ledger-api' }))['token'])
    const { payload } = await gateway.verify(token, 'api://ledger-api')
    expect(gateway.entries).toMatchObject([
      { kind: 'intent', action: 'token:issueWrite', resource: 'token/ledger-api', handout: { jti: payload.jti } },
      {
        kind: 'result',
        txn: payload['txn'],
        outcome: 'ok',
        handout: { jti: payload.jti, tokenHash: hashToken(token) },
      },
    ])
    expect(JSON.stringify([gateway.entries, gateway.logged])).not.toContain(token.split('.')[2])
  })

  it('two callers of one target get two decisions and two entries (T21)', async () => {
    await Promise.all([post('alice', { target: 'ledger-api' }), post('bob', { target: 'ledger-api' })])
    const intents = gateway.entries.filter((entry) => entry.kind === 'intent')
    expect(intents.map((entry) => 'principal' in entry && entry.principal.id).sort()).toEqual([
      idOf('alice'),
      idOf('bob'),
    ])
    const jtis = intents.map((entry) => 'handout' in entry && entry.handout?.jti)
    expect(new Set(jtis).size).toBe(2)
  })

  it('403 access_denied: a read permission does not reach a write target', async () => {
    expect(await post('reader', { target: 'ledger-api' })).toMatchObject({
      status: 403,
      json: { code: 'access_denied' },
    })
    expect((await post('reader', { target: 'reports' })).status).toBe(200)
    expect(gateway.entries[0]).toMatchObject({ kind: 'denial', action: 'token:issueWrite' })
  })

  it.each(['stranger', 'reader'])(
    '403 access_denied: %s cannot tell a forbidden target from one that does not exist (T20)',
    async (who) => {
      const targets = [
        'ledger-api',
        'no-such-target',
        'No Such',
        '_',
        '*',
        '..',
        'ledger-api/../reports',
        'a\u0000\r\nb',
      ]
      if (who === 'stranger') targets.push('reports')
      const answers = new Set<string>()
      const costs = new Set<string>()
      for (const target of targets) {
        const before = { ...gateway.calls }
        answers.add(seen(await post(who, { target })))
        const { refreshes, records, signatures } = gateway.calls
        costs.add(`${refreshes - before.refreshes} ${records - before.records} ${signatures - before.signatures}`)
      }
      expect(answers.size).toBe(1)
      expect(costs).toEqual(new Set(['1 1 0']))
      expect(gateway.entries.map(({ kind }) => kind)).toEqual(targets.map(() => 'denial'))
    },
  )

  it('403 access_denied: a target that does not exist, also with permission for all; journaled under a name we chose (T26)', async () => {
    expect((await post('alice', { target: 'x\r\n"inject' })).status).toBe(403)
    expect(gateway.entries).toMatchObject([{ kind: 'denial', resource: 'token/_', refusal: 'target_unknown' }])
  })

  it('403 reason_required: without a reason; 200 with it in the body or the header', async () => {
    expect(await post('careful', { target: 'ledger-api' })).toMatchObject({
      status: 403,
      json: { code: 'reason_required' },
    })
    expect((await post('careful', { target: 'ledger-api', reason: 'INC-1' })).status).toBe(200)
    expect((await post('careful', { target: 'ledger-api' }, { 'x-sallyport-reason': 'INC-1' })).status).toBe(200)
    expect(gateway.entries.filter(({ kind }) => kind === 'intent')).toMatchObject([
      { context: { reason: 'INC-1' } },
      { context: { reason: 'INC-1' } },
    ])
  })

  it.each([
    [400, 'invalid_scope', { target: 'ledger-api', scope: 'read admin' }],
    [400, 'invalid_scope', { target: 'reports', scope: 'read' }],
    [400, 'invalid_request', { target: 'ledger-api', path: '/a' }],
  ])('%d %s: %j, and the refusal is journaled', async (status, code, body) => {
    expect(await post('alice', body)).toMatchObject({ status, json: { code } })
    expect(gateway.entries.map(({ kind }) => kind)).toEqual(['denial'])
  })

  it('400 invalid_request: a caller whose token ends within a second', async () => {
    const ends = await gateway.tokenOf('alice', { exp: NOW / 1_000 })
    const answer = await post('alice', { target: 'ledger-api' }, { authorization: `Bearer ${ends}` })
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
  })

  it.each([
    ['an unknown field', { target: 'ledger-api', audience: 'x' }],
    ['no target', {}],
    ['a ttl of nothing', { target: 'ledger-api', ttl: 0 }],
    ['a ttl that is no time', { target: 'ledger-api', ttl: 'forever' }],
    ['no JSON', '{'],
    ['a field twice', '{"target":"reports","target":"ledger-api"}'],
    ['a list', []],
    ['null', 'null'],
  ])('400 invalid_request: %s', async (_what, body) => {
    expect(await post('alice', body)).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
    expect(gateway.entries).toEqual([])
  })

  it('401: no token, and a token of our own (T6)', async () => {
    const issued = String(bodyOf(await post('alice', { target: 'ledger-api' }))['token'])
    expect(await post('alice', { target: 'ledger-api' }, { authorization: '' })).toMatchObject({
      status: 401,
      json: { code: 'missing_token' },
    })
    expect(await post('alice', { target: 'ledger-api' }, { authorization: `Bearer ${issued}` })).toMatchObject({
      status: 401,
      json: { code: 'invalid_token' },
    })
  })

  it('405: any other method', async () => {
    expect(await gateway.call(tokens, { method: 'GET' })).toMatchObject({ status: 405, headers: { Allow: 'POST' } })
  })
})
