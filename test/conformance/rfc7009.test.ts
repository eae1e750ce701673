import { decodeJwt } from 'jose'
import { beforeEach, describe, expect, it } from 'vitest'
import { introspect } from '../../functions/introspect.ts'
import { revoke } from '../../functions/revoke.ts'
import { StorageError } from '../../shared/azure/table.ts'
import { createMemoryTable, type MemoryTable } from '../support/memory-table.ts'
import { assertion, issued, postForm } from '../support/oauth.ts'
import { type TokenGateway, tokenGateway } from '../support/token-gateway.ts'

let table: MemoryTable
let gateway: TokenGateway

beforeEach(async () => {
  table = createMemoryTable()
  gateway = await tokenGateway({ onceTable: table })
})

const end = (token: string | undefined, who?: string, more = {}) => postForm(gateway, revoke, { token, ...more }, who)
const isActive = async (token: string) => (await postForm(gateway, introspect, { token }, 'officer')).json

describe('RFC 7009 §2.1: a token is revoked', () => {
  it.each([
    ['its holder', 'alice'],
    ['who may revoke tokens of the target', 'officer'],
  ])('200 with no body: by %s; from then on it is inactive', async (_what, who) => {
    const token = await issued(gateway)
    const answer = await end(token, who)
    expect([answer.status, answer.json]).toEqual([200, undefined])
    expect(await isActive(token)).toEqual({ active: false })
    const { jti, exp = 0 } = decodeJwt(token)
    expect(gateway.entries.filter((entry) => 'action' in entry && entry.action === 'token:revoke')).toMatchObject([
      { kind: 'intent', resource: 'token/ledger-api', handout: { jti } },
    ])
    expect(table.rows()).toMatchObject([
      { partitionKey: 'revoked|2026112500', expires: new Date(exp * 1_000).toISOString() },
    ])
  })

  it('200: a second time, from a second instance, at the same moment: one row, and no other token is touched', async () => {
    const other = await tokenGateway({ onceTable: table })
    const [token, another] = [await issued(gateway), await issued(gateway)]
    const answers = await Promise.all(
      [gateway, other, gateway, other].map((each) => postForm(each, revoke, { token }, 'alice')),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect(table.rows()).toHaveLength(1)
    expect(await isActive(another)).toMatchObject({ active: true })
  })

  it.each(['refresh_token', 'access_token', 'nonsense'])(
    '200: searched for whatever the hint says: %s (§2.1)',
    async (token_type_hint) => {
      const token = await issued(gateway)
      expect((await end(token, 'alice', { token_type_hint })).status).toBe(200)
      expect(await isActive(token)).toEqual({ active: false })
    },
  )

  it('200: by a client assertion', async () => {
    const token = await issued(gateway)
    expect((await end(token, undefined, await assertion(gateway, 'alice'))).status).toBe(200)
    expect(await isActive(token)).toEqual({ active: false })
  })

  it('while others introspect: each is told active or not, and nobody active after the answer', async () => {
    const token = await issued(gateway)
    const answers = await Promise.all([isActive(token), end(token, 'alice'), isActive(token), isActive(token)])
    for (const answer of [answers[0], answers[2], answers[3]]) expect(answer).toHaveProperty('active')
    expect(await isActive(token)).toEqual({ active: false })
  })
})

describe('RFC 7009 §2.2: what is no token', () => {
  it.each<[string, (token: string) => string]>([
    ['garbage', () => 'garbage'],
    ['a signature that does not verify', (token) => `${token.slice(0, -9)}AAAAAAAAA`],
  ])('200: %s; nothing is stored, the attempt is recorded', async (_what, make) => {
    const token = make(await issued(gateway))
    for (const who of ['alice', 'reader', 'officer']) expect((await end(token, who)).status).toBe(200)
    expect(table.rows()).toEqual([])
    expect(gateway.entries.filter((entry) => 'resource' in entry && entry.resource === 'token/_')).toHaveLength(3)
  })

  it('200: one that has ended', async () => {
    const token = await issued(gateway)
    gateway.clock.now += 3_600_000
    expect((await end(token, 'alice')).status).toBe(200)
    expect(table.rows()).toEqual([])
  })
})

describe('RFC 7009 §2.2.1: refusals', () => {
  it.each<[string, () => string | Promise<string>]>([
    ['a SAS', () => 'sv=2026-02-06&se=2026-11-25T01%3A00%3A00Z&sr=c&sp=r&sig=abc%3D'],
    ['the URL of a SAS', () => 'https://contoso.blob.core.windows.net/reports?sv=2026-02-06&sig=abc'],
    ['a Google access token', () => 'ya29.c.b0AXv0'],
    ['a token of another issuer', () => gateway.tokenOf('alice')],
    [
      'a JWT of ours of another kind',
      async () => (await gateway.keys.signer('ES256')).sign({ iss: 'https://gateway.test' }, 'subject+jwt'),
    ],
  ])('400 unsupported_token_type: %s, which only its own service could end', async (_what, make) => {
    const answer = await end(await make(), 'officer')
    expect(answer).toMatchObject({ status: 400, json: { error: 'unsupported_token_type' } })
  })

  it.each([
    ['somebody else', 'alice', 'reader'],
    ['who may only introspect it', 'alice', 'ledger'],
    ['the subject, where an actor holds it', 'bob', 'alice'],
  ])('400 unauthorized_client: %s; the token stays active', async (_what, holder, who) => {
    const token = await issued(gateway, holder === 'bob' ? { actor: 'bob' } : {})
    const answer = await end(token, who)
    expect(answer).toMatchObject({ status: 400, json: { error: 'unauthorized_client' } })
    expect(answer.headers).not.toHaveProperty('WWW-Authenticate')
    expect(gateway.entries.at(-1)).toMatchObject({ kind: 'denial', action: 'token:revoke' })
    expect(await isActive(token)).toMatchObject({ active: true })
  })

  it('401 invalid_client: nobody; 400 invalid_request: no token', async () => {
    expect(await end(await issued(gateway))).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
    expect(await end(undefined, 'alice')).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('503 with Retry-After (§2.2.1): storage is down, so the token is still good, and the journal says failed', async () => {
    const insert = async () => {
      throw new StorageError('unreachable')
    }
    gateway = await tokenGateway({ onceTable: { ...table, insert } })
    const token = await issued(gateway)
    expect(await end(token, 'alice')).toMatchObject({ status: 503, headers: { 'Retry-After': '2' } })
    expect(gateway.entries.at(-1)).toMatchObject({ kind: 'result', outcome: 'failed', reason: 'once_unreachable' })
    expect(await isActive(token)).toMatchObject({ active: true })
  })
})
