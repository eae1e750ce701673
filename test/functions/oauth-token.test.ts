import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { jwks } from '../../functions/jwks.ts'
import { oauthToken } from '../../functions/oauth-token.ts'
import { tokens } from '../../functions/tokens.ts'
import { whoami } from '../../functions/whoami.ts'
import type { DecidedEntry } from '../../shared/audit/entry.ts'
import { hashToken } from '../../shared/audit/token-hash.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import { TOKEN_TYPE } from '../support/exchange.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

const local = rig()
let on: Awaited<ReturnType<typeof secretGateway>>

const idOf = (caller: Caller) => `entra:${directory.tenant}:${directory.app(caller).objectId}`
const LEDGER = statement('deploy-writes-ledger', 'deploy-app', ['token-writer'], ['token/ledger-api'])

/** A token exchange on the whole gateway; the subject token authenticates the caller unless another one calls. */
async function exchange(subject: Caller, { caller, version }: { caller?: Caller; version?: 1 | 2 } = {}) {
  const form = new URLSearchParams({
    grant_type: TOKEN_EXCHANGE,
    subject_token: await local.callerToken(subject, version ? { version } : {}),
    subject_token_type: `${TOKEN_TYPE}:access_token`,
    audience: 'ledger-api',
  })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return on.call(oauthToken, caller, { method: 'POST', headers, body: form.toString() })
}

const tokenIn = ({ json }: Awaited<ReturnType<typeof exchange>>) =>
  String((json as Record<string, unknown>)['access_token'])

async function verified(token: string) {
  const keys = (await on.call(jwks, undefined)).json as Parameters<typeof createLocalJWKSet>[0]
  const expected = { issuer: local.config().issuer, audience: 'api://ledger', typ: 'at+jwt' }
  return (await jwtVerify(token, createLocalJWKSet(keys), expected)).payload
}

const entriesOf = async (txn: unknown) =>
  (await on.journal()).filter((entry): entry is DecidedEntry => 'txn' in entry && entry.txn === txn)

beforeAll(async () => {
  on = await secretGateway(local, [LEDGER])
})
afterAll(() => on.gateway.close())

describe('POST /oauth2/token on Azurite, Key Vault and identity servers', () => {
  it.each([1, 2] as const)(
    '200: a v%d token of a managed identity for a token that our JWKS verifies',
    async (version) => {
      const answer = await exchange('billing-app', { version })
      expect(answer.status).toBe(200)
      const claims = await verified(tokenIn(answer))
      expect(claims).toMatchObject({ sub: idOf('billing-app'), client_id: idOf('billing-app') })
      const [intent] = await entriesOf(claims['txn'])
      expect(intent).toMatchObject({
        kind: 'intent',
        action: 'token:issueWrite',
        resource: 'token/ledger-api',
        handout: { jti: claims.jti, expiresAt: new Date((claims.exp ?? 0) * 1_000).toISOString() },
      })
    },
  )

  it('200: the durable result names the token by its hash; neither journal nor log holds its signature', async () => {
    const token = tokenIn(await exchange('billing-app'))
    const { txn } = decodeJwt(token)
    const results = async () => (await entriesOf(txn)).filter(({ kind }) => (kind as string) === 'result')
    await expect.poll(results).toMatchObject([{ outcome: 'ok', handout: { tokenHash: hashToken(token) } }])
    expect(JSON.stringify([await on.journal(), on.lines])).not.toContain(token.split('.')[2])
  })

  it('200: another caller acts; one durable intent names both, each with its own decision (T21)', async () => {
    const claims = await verified(tokenIn(await exchange('billing-app', { caller: 'deploy-app' })))
    expect(claims).toMatchObject({ sub: idOf('billing-app'), act: { sub: idOf('deploy-app') } })
    expect((await entriesOf(claims['txn']))[0]).toMatchObject({
      principal: { id: idOf('billing-app') },
      decision: { statementIds: ['billing-writes-ledger'] },
      actor: { principal: { id: idOf('deploy-app') }, decision: { statementIds: ['deploy-writes-ledger'] } },
    })
  })

  it('400 invalid_target: READ permission on a write target, and nobody’s permission, durably denied', async () => {
    for (const who of ['reports-app', 'stranger'] as const) {
      const answer = await exchange(who)
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
      expect(await entriesOf(answer.headers?.['X-Sallyport-Txn'])).toMatchObject([{ kind: 'denial' }])
    }
  })

  it('a token of ours opens no door of ours (T6)', async () => {
    const token = tokenIn(await exchange('billing-app'))
    const headers = { authorization: `Bearer ${token}` }
    expect(await on.call(whoami, undefined, { headers })).toMatchObject({
      status: 401,
      json: { code: 'invalid_token' },
    })
    const again = await on.call(tokens, undefined, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: { target: 'ledger-api' },
    })
    expect(again).toMatchObject({ status: 401, json: { code: 'invalid_token' } })
  })

  it('200: goes on signing while Key Vault is down', async () => {
    const vault = local.vaultControl('gateway')
    await exchange('billing-app')
    await vault.fault({ kind: 'fail', status: 503, times: 100 })
    try {
      expect((await exchange('billing-app')).status).toBe(200)
      expect((await on.call(jwks, undefined)).status).toBe(200)
    } finally {
      await vault.clear()
    }
  })

  it('the creation of the keys is in the journal, without anything of the keys', async () => {
    const created = (await on.journal()).filter((entry) => entry.kind === 'system' && entry.event === 'keys.created')
    expect(created).toHaveLength(1)
    expect(JSON.stringify(created)).toContain('signing-es256')
    expect(JSON.stringify(created)).not.toMatch(/PRIVATE|"d"/)
  })

  it('400 invalid_target: at the very next request after a policy that takes the permission away (T11, T22)', async () => {
    expect((await exchange('deploy-app')).status).toBe(200)
    const documents = await loadDocuments('local/seed/policies')
    await applyPolicies({ table: on.azure.table('policies'), documents, now: Date.now })
    expect(await exchange('deploy-app')).toMatchObject({ status: 400, json: { error: 'invalid_target' } })
    expect((await exchange('billing-app')).status).toBe(200)
  })
})
