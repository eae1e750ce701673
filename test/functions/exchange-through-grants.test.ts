import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { grant } from '../../functions/grant.ts'
import { introspect } from '../../functions/introspect.ts'
import { oauthToken } from '../../functions/oauth-token.ts'
import { tokens } from '../../functions/tokens.ts'
import type { GatewayResponse } from '../../shared/http/endpoint.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import { TOKEN_TYPE } from '../support/exchange.ts'
import { givenBy, grantCalls } from '../support/grant-calls.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>
const { open, delegate } = grantCalls(() => on)

const READ_ONE = { actions: ['secret:get'], resources: ['secret/main/stripe-api-key'], ttl: '10m' }
const ISSUE_BOTH = { actions: ['token:issue'], resources: ['token/inner', 'token/outer'], ttl: '10m' }

const target = (name: string, token: object = {}) => ({
  ...{ kind: 'target', name, access: 'read', resources: [] },
  token: { kind: 'jwt', audience: `api://${name}`, scopes: [], ...token },
})

beforeAll(async () => {
  on = await secretGateway(local, [
    target('outer'),
    target('inner', { exchangeableFor: ['outer'] }),
    { kind: 'role', name: 'issuer-opener', actions: ['token:issue', 'grant:create'] },
    { kind: 'role', name: 'handing-on', actions: ['grant:delegate'] },
    statement('issues', 'billing-app', ['issuer-opener', 'handing-on'], ['token/inner', 'token/outer']),
  ])
}, 60_000)
afterAll(() => on.gateway.close())

const by = (credential: string) => ({ authorization: `Bearer ${credential}` })
const bodyOf = ({ json }: GatewayResponse) => json as Record<string, string>

/** An access token of ours for `inner`, issued to the root itself or through a grant of its. */
async function issuedBy(credential?: string): Promise<string> {
  const answer = await on.call(tokens, credential ? undefined : 'billing-app', {
    ...{ method: 'POST', body: { target: 'inner' } },
    ...(credential && { headers: by(credential) }),
  })
  expect(answer, JSON.stringify(answer.json)).toMatchObject({ status: 200 })
  return bodyOf(answer)['token'] ?? ''
}

const exchange = (subject_token: string, credential: string) =>
  on.call(oauthToken, undefined, {
    method: 'POST',
    headers: { ...by(credential), 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      ...{ grant_type: TOKEN_EXCHANGE, subject_token, audience: 'outer' },
      subject_token_type: `${TOKEN_TYPE}:access_token`,
    }).toString(),
  })

describe('a grant at the token exchange, with an access token of its root as the subject (T6, T13)', () => {
  it('400 invalid_request: the token came by no grant: the mask of the one presented would be asked nothing', async () => {
    const { credential } = givenBy(await open(READ_ONE))
    const answer = await exchange(await issuedBy(), credential)
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    const txn = answer.headers?.['X-Sallyport-Txn']
    const entries = (await on.journal()).filter((entry) => 'txn' in entry && entry.txn === txn)
    expect(entries).toMatchObject([{ kind: 'denial', refusal: 'caller_through_another_grant' }])
  })

  it('400 invalid_request: the token came by a wider grant of the same root', async () => {
    const { credential } = givenBy(await open(READ_ONE))
    const wider = givenBy(await open(ISSUE_BOTH))
    const answer = await exchange(await issuedBy(wider.credential), credential)
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('200: the token came by the grant that is presented; each act spends a use and names it', async () => {
    const { id, credential } = givenBy(await open({ ...ISSUE_BOTH, maxUses: 2 }))
    const subject = await issuedBy(credential)
    const answer = await exchange(subject, credential)
    expect(answer, JSON.stringify(answer.json)).toMatchObject({ status: 200 })
    const txn = answer.headers?.['X-Sallyport-Txn']
    const entries = (await on.journal()).filter((entry) => 'txn' in entry && entry.txn === txn)
    expect(entries[0]).toMatchObject({ kind: 'intent', grantChain: [id] })
    expect((await exchange(subject, credential)).status).not.toBe(200)
  })
})

describe('introspection of a token that came by a grant', () => {
  const introspected = async (token: string) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const body = new URLSearchParams({ token }).toString()
    return (await on.call(introspect, 'billing-app', { method: 'POST', headers, body })).json
  }

  it('active: false once the grant, or one above it, was revoked; before, and by no grant, active (RFC 7662 §4)', async () => {
    const parent = givenBy(await open(ISSUE_BOTH))
    const child = givenBy(await delegate(parent, ISSUE_BOTH))
    const byGrant = [await issuedBy(parent.credential), await issuedBy(child.credential)]
    const byNone = await issuedBy()
    for (const token of [...byGrant, byNone]) expect(await introspected(token)).toMatchObject({ active: true })
    const { status } = await on.call(grant, 'billing-app', { method: 'DELETE', params: { id: parent.id } })
    expect(status).toBe(204)
    for (const token of byGrant) expect(await introspected(token)).toEqual({ active: false })
    expect(await introspected(byNone)).toMatchObject({ active: true })
  })
})
