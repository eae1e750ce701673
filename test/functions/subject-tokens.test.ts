import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { introspect } from '../../functions/introspect.ts'
import { jwks } from '../../functions/jwks.ts'
import { oauthToken } from '../../functions/oauth-token.ts'
import { subjectTokens } from '../../functions/subject-tokens.ts'
import { tokens } from '../../functions/tokens.ts'
import { whoami } from '../../functions/whoami.ts'
import type { DecidedEntry } from '../../shared/audit/entry.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import { TOKEN_TYPE } from '../support/exchange.ts'
import { googleNames } from '../support/google.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, seen, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

const local = rig()
const google = googleNames(local)
const BIGQUERY = 'https://www.googleapis.com/auth/bigquery.readonly'
let on: Awaited<ReturnType<typeof secretGateway>>

const target = (name: string) => ({
  kind: 'target',
  name,
  access: 'read',
  token: { kind: 'google', provider: google.provider, serviceAccount: google.serviceAccount, scopes: [BIGQUERY] },
})

const idOf = (caller: Caller) => `entra:${directory.tenant}:${directory.app(caller).objectId}`

beforeAll(async () => {
  on = await secretGateway(local, [
    target('reports-google'),
    target('other-google'),
    statement('analytics-google', 'analytics-app', ['token-reader'], ['token/reports-google', 'token/other-google']),
    statement('orders-google', 'orders-app', ['token-reader'], ['token/reports-google'], {
      obligations: { requireReason: true },
    }),
    statement('billing-asks', 'billing-app', ['token-writer', 'token-reader'], ['token/**'], {
      obligations: { requireReason: true },
    }),
  ])
  await local.addClouds({
    providers: [
      {
        ...{ project: '123456789012', pool: google.pool, provider: 'gateway', issuer: local.config().issuer },
        jwks: (await on.call(jwks, undefined)).json as { keys: Record<string, unknown>[] },
      },
    ],
    serviceAccounts: [{ email: google.serviceAccount, impersonators: [google.subject('reports-google')] }],
  })
})
afterAll(() => on.gateway.close())

const get = (name: string, who: Caller | undefined, headers: Record<string, string> = {}) =>
  on.call(subjectTokens, who, { params: { target: name }, headers })

const bodyOf = ({ json }: Awaited<ReturnType<typeof get>>) => json as Record<string, unknown>

const subjectToken = async (name = 'reports-google', who: Caller = 'analytics-app') =>
  String(bodyOf(await get(name, who))['subject_token'])

/** As google-auth-library asks: the subject token alone. */
async function exchange(subject: string, audience = 'reports-google', more: Record<string, string> = {}) {
  const form = new URLSearchParams({
    grant_type: TOKEN_EXCHANGE,
    subject_token: subject,
    subject_token_type: `${TOKEN_TYPE}:jwt`,
    audience,
    ...more,
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return on.call(oauthToken, undefined, { method: 'POST', headers, body: form.toString() })
}

describe('GET /v1/subject-tokens/{target}', () => {
  it('200: a token of this gateway for this gateway, this caller and this target, at most five minutes', async () => {
    const answer = await get('reports-google', 'analytics-app')
    expect(answer).toMatchObject({ status: 200, headers: { 'Cache-Control': 'no-store' }, json: { expires_in: 300 } })
    expect(Object.keys(bodyOf(answer))).toEqual(['subject_token', 'expires_in'])
    const token = String(bodyOf(answer)['subject_token'])
    const { issuer } = local.config()
    expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'subject+jwt', alg: 'ES256' })
    const claims = decodeJwt(token)
    expect(claims).toMatchObject({ iss: issuer, aud: issuer, sub: idOf('analytics-app'), target: 'reports-google' })
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300)
    expect(claims).not.toHaveProperty('cnf')
    const entries = (await on.journal()).filter(
      (entry): entry is DecidedEntry => 'txn' in entry && entry.txn === claims['txn'],
    )
    expect(entries[0]).toMatchObject({ kind: 'intent', action: 'token:issue', handout: { jti: claims.jti } })
    expect(JSON.stringify(on.lines)).not.toContain(token.split('.')[2])
  })

  it('403 access_denied, byte for byte the same: no permission, no such target, another kind, no name (T20)', async () => {
    const ask = async (name: string, who: Caller) => seen(await get(name, who))
    const denied = await ask('no-such-target', 'stranger')
    expect(JSON.parse(denied)).toMatchObject({ status: 403, body: { code: 'access_denied' } })
    for (const name of [
      'reports-google',
      'ledger-api',
      'arm-reader',
      '..',
      '%2e%2e',
      'a/b',
      'REPORTS-GOOGLE',
      'x'.repeat(500),
    ]) {
      expect([name, await ask(name, 'stranger')]).toEqual([name, denied])
    }
    // Permission and an unmet obligation tell nothing of targets of another kind either.
    for (const name of ['ledger-api', 'no-such-target']) {
      expect([name, await ask(name, 'billing-app')]).toEqual([name, denied])
    }
    const reason = { 'x-sallyport-reason': 'INC-1' }
    for (const name of ['ledger-api', 'arm-reader', 'no-such-target']) {
      expect([name, seen(await get(name, 'billing-app', reason))]).toEqual([name, denied])
    }
    expect((await get('reports-google', 'billing-app')).json).toMatchObject({ code: 'reason_required' })
  })

  it('401 without a token, 400 with a query, 405 by another method', async () => {
    expect((await get('reports-google', undefined)).status).toBe(401)
    expect((await on.call(subjectTokens, 'analytics-app', { params: { target: 'x' }, query: 'ttl=1' })).status).toBe(
      400,
    )
    expect((await on.call(subjectTokens, 'analytics-app', { method: 'POST' })).status).toBe(405)
  })
})

describe('a subject token', () => {
  it('200: gets a Google token at /oauth2/token, decided again for the caller it was made for', async () => {
    const answer = await exchange(await subjectToken())
    expect(answer).toMatchObject({
      status: 200,
      json: { token_type: 'Bearer', scope: BIGQUERY, blast_radius: { issuedAs: `google:${google.serviceAccount}` } },
    })
    const { expires_in } = bodyOf(answer)
    // It lives by the caller's own token, not by the five minutes of the subject token.
    expect(Number(expires_in)).toBeGreaterThan(300)
    const entries = await on.journal()
    const intent = entries.find((entry) => 'txn' in entry && entry.txn === answer.headers?.['X-Sallyport-Txn'])
    expect(intent).toMatchObject({ principal: { id: idOf('analytics-app') }, resource: 'token/reports-google' })
  })

  it('400: for another target that the caller may have, too', async () => {
    expect(await exchange(await subjectToken(), 'other-google')).toMatchObject({
      status: 400,
      json: { error: 'invalid_request' },
    })
  })

  it('400 invalid_request: an obligation of the second decision counts', async () => {
    const sent = { 'x-sallyport-reason': 'INC-1' }
    const token = String(bodyOf(await get('reports-google', 'orders-app', sent))['subject_token'])
    expect(await exchange(token)).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
  })

  it('opens no door: neither as bearer, nor introspected, nor as actor token (T6)', async () => {
    const token = await subjectToken()
    const headers = { authorization: `Bearer ${token}` }
    expect((await on.call(whoami, undefined, { headers })).status).toBe(401)
    expect((await on.call(subjectTokens, undefined, { headers, params: { target: 'reports-google' } })).status).toBe(
      401,
    )
    const body = { target: 'reports-google' }
    const json = { ...headers, 'content-type': 'application/json' }
    expect((await on.call(tokens, undefined, { method: 'POST', headers: json, body })).status).toBe(401)
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const asked = { method: 'POST', headers: form, body: new URLSearchParams({ token }).toString() }
    expect((await on.call(introspect, 'ledger-api', asked)).json).toEqual({ active: false })
  })

  it('400: altered', async () => {
    const [head, payload, signature] = (await subjectToken()).split('.')
    const changed = { ...JSON.parse(Buffer.from(payload ?? '', 'base64url').toString()), target: 'other-google' }
    const altered = [head, Buffer.from(JSON.stringify(changed)).toString('base64url'), signature].join('.')
    expect((await exchange(altered, 'other-google')).json).toMatchObject({ error: 'invalid_request' })
  })
})
