import { randomUUID } from 'node:crypto'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { oauthToken } from '../../functions/oauth-token.ts'
import { tokens } from '../../functions/tokens.ts'
import type { DecidedEntry } from '../../shared/audit/entry.ts'
import { hashToken } from '../../shared/audit/token-hash.ts'
import { TOKEN_EXCHANGE } from '../../shared/tokens/exchange-request.ts'
import { TOKEN_TYPE } from '../support/exchange.ts'
import { JWT } from '../support/jwt-text.ts'
import { rig } from '../support/rig.ts'
import { secretGateway, statement } from '../support/secret-gateway.ts'
import { type Caller, directory } from '../support/tenant.ts'

const local = rig()
const clientId = randomUUID()
const authority = local.identityControl.of(clientId)
const ATTACHED = { clientId: 'c0000000-0000-4000-8000-000000000002', objectId: 'd0000000-0000-4000-8000-000000000002' }
const ARM = 'https://management.azure.com'
let on: Awaited<ReturnType<typeof secretGateway>>

const target = (name: string, resources: string[] = []) => ({
  ...{ kind: 'target', name, access: 'read', resources },
  token: {
    ...{ kind: 'entra', resource: ARM },
    identity: { tenant: directory.tenant, clientId, assertion: { userAssigned: ATTACHED.clientId } },
  },
})

beforeAll(async () => {
  const federatedCredentials = [
    {
      name: 'attached',
      issuer: `https://login.microsoftonline.com/${local.tenant}/v2.0`,
      subject: ATTACHED.objectId,
      audiences: ['fb60f99c-7a34-4190-8149-302f77469936'],
    },
  ]
  const app = { name: 'arm', appId: clientId, objectId: randomUUID(), federatedCredentials }
  await local.identityControl.register(app, randomUUID())
  on = await secretGateway(local, [
    target('arm-shared', ['https://arm.contoso.example/']),
    target('arm-hour'),
    statement('arm-analytics', 'analytics-app', ['token-reader'], ['token/arm-shared']),
    statement('arm-reports', 'reports-app', ['token-reader'], ['token/arm-shared']),
    target('arm-sixteen-hours'),
    statement('arm-hourly', 'orders-app', ['token-reader'], ['token/arm-sixteen-hours'], {
      obligations: { maxTtl: '1h' },
    }),
    statement('arm-brief', 'orders-app', ['token-reader'], ['token/arm-hour'], { obligations: { maxTtl: '30m' } }),
  ])
})
beforeEach(() => authority.clear())
afterAll(() => on.gateway.close())

const issue = (caller: Caller, name: string) => on.call(tokens, caller, { method: 'POST', body: { target: name } })
const entriesOf = async (answer: Awaited<ReturnType<typeof issue>>) => {
  const txn = answer.headers?.['X-Sallyport-Txn']
  return (await on.journal()).filter((entry): entry is DecidedEntry => 'txn' in entry && entry.txn === txn)
}

/** Spellings of what a target registers, and of what no target does: the exact member of the policy's list or nothing. */
const ODD_RESOURCES = [
  ...[
    'https://arm.contoso.example',
    'https://arm.contoso.example//',
    'https://ARM.contoso.example/',
    'HTTPS://arm.contoso.example/',
  ],
  ...['https://arm.contoso.example/.', 'https://arm.contoso.example/%2e', 'https://arm.contoso.example:443/'],
  ...[
    'https://arm.contoso.example./',
    'https://user@arm.contoso.example/',
    'https://arm.contoso.example@evil.example/',
  ],
  ...[
    'https://arm.contoso.example/?',
    'https://arm.contoso.example/?x',
    'https://arm.contoso.example/#',
    'https://arm.contoso.example/#x',
  ],
  ...[
    'https://arm.contoso.example\\',
    'https:/arm.contoso.example/',
    'https:arm.contoso.example',
    '//arm.contoso.example/',
  ],
  ...[
    'http://arm.contoso.example/',
    'file:///arm.contoso.example/',
    'ftp://arm.contoso.example/',
    'javascript:alert(1)',
  ],
  ...[
    'https://аrm.contoso.example/',
    'https://arm。contoso。example/',
    'https://ａrm.contoso.example/',
    'https://arm.contoso.example/\u200b',
  ],
  ...[
    ' https://arm.contoso.example/',
    'https://arm.contoso.example/ ',
    'https://arm.contoso.example/\n',
    'https://arm.contoso.example/\0',
  ],
  ...[
    'https://vault.azure.net',
    'https://vault.azure.net@evil',
    'https://management.azure.com',
    'https://169.254.169.254/',
  ],
  ...[
    'https://[::1]/',
    'https://localhost/',
    'https://127.0.0.1:1/',
    'https://2130706433/',
    'arm-shared',
    '',
    '*',
    'token/arm-shared',
  ],
  ...['https://graph.microsoft.com/.default', 'api://sallyport', `https://${'a'.repeat(3_000)}.example/`],
]

describe('an entra target on the whole gateway', () => {
  it('two callers, one upstream token: two decisions, two entries, each with its own hand-out (T21)', async () => {
    const both = await Promise.all([issue('analytics-app', 'arm-shared'), issue('reports-app', 'arm-shared')])
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    const [one, other] = both.map(({ json }) => json as { token: string; source: string; blastRadius: object })
    expect(one?.token).toBe(other?.token)
    expect(decodeJwt(one?.token ?? '')).toMatchObject({ appid: clientId, aud: ARM })
    expect((await authority.counts())['token']).toBe(1)
    const entries = await Promise.all(both.map(entriesOf))
    const ids = (['analytics-app', 'reports-app'] as const).map(
      (name) => `entra:${local.tenant}:${directory.app(name).objectId}`,
    )
    for (const [at, [intent, result]] of entries.entries()) {
      expect(intent).toMatchObject({ kind: 'intent', action: 'token:issue', principal: { id: ids[at] } })
      expect(result).toMatchObject({ kind: 'result', handout: { tokenHash: hashToken(one?.token ?? '') } })
    }
    expect(both[0]?.headers?.['Cache-Control']).toBe('no-store')
    expect(JSON.stringify([entries, on.lines])).not.toContain(one?.token)
    expect((await issue('analytics-app', 'arm-shared')).json).toMatchObject({ source: 'cache' })
  })

  it('403: without permission a cached token is nobody’s, and nothing is asked', async () => {
    await issue('analytics-app', 'arm-shared')
    await authority.clear()
    expect(await issue('stranger', 'arm-shared')).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    expect(await authority.counts()).toEqual({})
  })

  it('403: a token that outlives the policy’s maxTtl stays here, and the journal says that it failed', async () => {
    const answer = await issue('orders-app', 'arm-hour')
    expect(answer).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    expect(JSON.stringify(answer)).not.toMatch(JWT)
    // A failure needs not be durable before the answer.
    await expect.poll(async () => (await entriesOf(answer)).map(({ kind }) => kind)).toEqual(['intent', 'result'])
  })

  it('403: a 16 h token of the authority under a 1 h maxTtl never leaves', async () => {
    const body = { token_type: 'Bearer', expires_in: 57_600, ext_expires_in: 57_600, access_token: 'a-16-h-token' }
    await authority.fault({ kind: 'garbage', operation: 'token', body: JSON.stringify(body) })
    const answer = await issue('orders-app', 'arm-sixteen-hours')
    expect(answer).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    const failed = { kind: 'result', outcome: 'failed', reason: 'upstream_outlives_max_ttl' }
    await expect.poll(async () => (await entriesOf(answer))[1]).toMatchObject(failed)
    expect(JSON.stringify([answer, await on.journal(), on.lines])).not.toContain('a-16-h-token')
  })

  it('503 with Retry-After while the authority throttles; the journal has the failure', async () => {
    await authority.fault({ kind: 'throttle', operation: 'token', retryAfterSeconds: 17 })
    const fresh = await secretGateway(local, [
      target('arm-fresh'),
      statement('f', 'analytics-app', ['token-reader'], ['token/arm-fresh']),
    ])
    const answer = await fresh.call(tokens, 'analytics-app', { method: 'POST', body: { target: 'arm-fresh' } })
    await fresh.gateway.close()
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '17' },
      json: { code: 'upstream_unavailable' },
    })
  })
})

describe('odd `resource` values never reach an upstream (T8)', () => {
  it.each(ODD_RESOURCES)('400: %j', async (resource) => {
    const form = new URLSearchParams({
      grant_type: TOKEN_EXCHANGE,
      subject_token: await local.callerToken('analytics-app'),
      subject_token_type: `${TOKEN_TYPE}:access_token`,
      resource,
    })
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await on.call(oauthToken, undefined, { method: 'POST', headers, body: form.toString() })
    expect(answer.status).toBe(400)
    expect((answer.json as { error: string }).error).toMatch(/^invalid_(?:target|request)$/)
    expect(await authority.counts()).toEqual({})
  })
})
