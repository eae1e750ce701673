import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { tokens } from '../../../../functions/tokens.ts'
import type { FaultInput } from '../../../../local/servers/faults.ts'
import { hashToken } from '../../../../shared/audit/token-hash.ts'
import { parseDocument } from '../../../../shared/policy/documents/document.ts'
import { JWT } from '../../../support/jwt-text.ts'
import { rig } from '../../../support/rig.ts'
import { secretGateway, statement } from '../../../support/secret-gateway.ts'
import { directory } from '../../../support/tenant.ts'

const local = rig()
const ENDPOINT = `https://${local.account}wps.webpubsub.azure.com`
const target = (name: string, token: object = {}, access = 'read') => ({
  ...{ kind: 'target', name, access },
  token: { kind: 'web-pubsub', endpoint: ENDPOINT, hub: 'orders', ...token },
})
const TALKER = { roles: ['webpubsub.joinLeaveGroup.eu', 'webpubsub.sendToGroup.eu'], groups: ['eu', 'all'] }
const DOCUMENTS = [
  target('feed'),
  target('talk', TALKER, 'write'),
  target('anonymous', { userId: 'none' }),
  target('abroad', { endpoint: 'https://contoso.webpubsub.azure.cn' }),
  statement(
    'hub',
    'reports-app',
    ['token-reader', 'token-writer'],
    ['token/feed', 'token/talk', 'token/anonymous', 'token/abroad'],
  ),
]
const upstream = local.cloudControl('wps')
const reports = `entra:${directory.tenant}:${directory.app('reports-app').objectId}`

let on: Awaited<ReturnType<typeof secretGateway>>

const ask = async (body: object) => {
  const { status, json, headers } = await on.call(tokens, 'reports-app', { method: 'POST', body })
  return { status, headers, json: json as { token: string; url: string; blastRadius: Record<string, unknown> } }
}

beforeAll(async () => {
  on = await secretGateway(local, DOCUMENTS)
  await local.addClouds({
    webPubSubOwners: [{ host: new URL(ENDPOINT).hostname, objectId: directory.gatewayIdentity?.objectId ?? '' }],
  })
})
afterEach(() => upstream.clear())
afterAll(() => on.gateway.close())

describe('web-pubsub (tokens.md)', () => {
  it('200: a client token for the hub, in the name of the caller, with nothing it may do', async () => {
    const { status, json } = await ask({ target: 'feed', ttl: '10m' })
    expect(status).toBe(200)
    const claims = decodeJwt(json.token)
    expect(claims).toMatchObject({
      aud: `${ENDPOINT}/client/hubs/orders`,
      sub: reports,
      role: [],
      'webpubsub.group': [],
    })
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(600)
    expect(json).toMatchObject({
      tokenType: 'Bearer',
      url: `${ENDPOINT.replace('https', 'wss')}/client/hubs/orders`,
      blastRadius: {
        expiresAt: new Date((claims.exp ?? 0) * 1_000).toISOString(),
        revocable: 'no',
        scope: '',
        boundTo: [`audience:${ENDPOINT}/client/hubs/orders`],
        issuedAs: reports,
      },
    })
    expect(json.url).not.toContain('access_token')
  })

  it('200: roles and groups of the target; `scope` narrows the roles', async () => {
    expect(decodeJwt((await ask({ target: 'talk' })).json.token)).toMatchObject({
      role: TALKER.roles,
      'webpubsub.group': TALKER.groups,
    })
    const { json } = await ask({ target: 'talk', scope: 'webpubsub.joinLeaveGroup.eu' })
    expect(decodeJwt(json.token)['role']).toEqual(['webpubsub.joinLeaveGroup.eu'])
    const wider = await ask({ target: 'talk', scope: 'webpubsub.sendToGroup' })
    expect(wider).toMatchObject({ status: 400, json: { code: 'invalid_scope' } })
  })

  it('200: no name where the target says none', async () => {
    expect(decodeJwt((await ask({ target: 'anonymous' })).json.token).sub).toBeUndefined()
  })

  it('one request upstream for each client, each with its own durable result (T21)', async () => {
    await upstream.clear()
    const [one, other] = await Promise.all([ask({ target: 'feed' }), ask({ target: 'feed' })])
    expect(await upstream.counts()).toEqual({ generateToken: 2 })
    const hashes = (await on.journal()).flatMap((entry) => (entry.kind === 'result' ? [entry.handout?.tokenHash] : []))
    for (const { json } of [one, other]) expect(hashes).toContain(hashToken(json.token))
    expect(JSON.stringify([await on.journal(), on.lines])).not.toMatch(JWT)
  })

  it('400 invalid_request: less than a minute, which the service cannot give; a path', async () => {
    for (const more of [{ ttl: 59 }, { path: 'x' }]) {
      expect(await ask({ target: 'feed', ...more })).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
    }
  })

  it('403 access_denied: a service of another cloud', async () => {
    expect(await ask({ target: 'abroad' })).toMatchObject({ status: 403, json: { code: 'access_denied' } })
  })

  const forged = (exp: number) => `x.${Buffer.from(JSON.stringify({ exp })).toString('base64url')}.y`
  it.each<[string, FaultInput, number]>([
    ['503: throttled', { kind: 'throttle', retryAfterSeconds: 7 }, 503],
    ['503: failing', { kind: 'fail', status: 500 }, 503],
    ['503: a broken connection', { kind: 'reset', times: 2 }, 503],
    ['503: no JSON', { kind: 'garbage' }, 503],
    ['503: no token in it', { kind: 'garbage', body: '{"token":"x"}' }, 503],
    ['502: a redirect, not followed (T40)', { kind: 'redirect', location: `${ENDPOINT}/else` }, 502],
    ['502: without the role', { kind: 'fail', status: 403 }, 502],
    [
      '502: a longer life than asked for (T13)',
      { kind: 'garbage', body: JSON.stringify({ token: forged(4_000_000_000) }) },
      502,
    ],
  ])('%s', async (_name, fault, status) => {
    await upstream.clear()
    await upstream.fault(fault)
    const failed = await ask({ target: 'feed' })
    expect(failed.status).toBe(status)
    expect(JSON.stringify(failed.json)).not.toMatch(JWT)
    expect(JSON.stringify(failed.json)).not.toMatch(/Injected|webpubsub/)
    if (fault.retryAfterSeconds) expect(failed.headers).toMatchObject({ 'Retry-After': '7' })
    expect(Object.keys(await upstream.counts())).toEqual(['generateToken'])
  })
})

describe('documents of web-pubsub', () => {
  const faults = (token: object, access = 'read') => {
    const parsed = parseDocument(target('t', token, access))
    return parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)
  }

  it.each(['webpubsub.sendToGroup', 'webpubsub.sendToGroup.eu'])('refuses %s with access read (S1)', (role) => {
    expect(faults({ roles: [role] })).toEqual(['/token/roles'])
    expect(faults({ roles: [role] }, 'write')).toEqual([])
  })

  it.each(['webpubsub.sendToGroup.a.b', 'webpubsub.sendToAll', 'webpubsub.joinLeaveGroup.', 'sendToGroup'])(
    'refuses role `%s`',
    (role) => expect(faults({ roles: [role] }, 'write')).toEqual(['/token/roles/0']),
  )

  it.each([
    `${ENDPOINT}/x`,
    'http://contoso.webpubsub.azure.com',
    'https://a@contoso.webpubsub.azure.com',
    `${ENDPOINT}.evil.example`,
  ])('refuses endpoint `%s` (T8)', (endpoint) => expect(faults({ endpoint })).toEqual(['/token/endpoint']))
})
