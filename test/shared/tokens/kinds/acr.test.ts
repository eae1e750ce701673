import { decodeJwt } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { tokens } from '../../../../functions/tokens.ts'
import type { FaultInput } from '../../../../local/servers/faults.ts'
import { hashToken } from '../../../../shared/audit/token-hash.ts'
import { parseDocument } from '../../../../shared/policy/documents/document.ts'
import { httpsCall } from '../../../support/https-call.ts'
import { JWT } from '../../../support/jwt-text.ts'
import { rig } from '../../../support/rig.ts'
import { secretGateway, statement } from '../../../support/secret-gateway.ts'
import { directory } from '../../../support/tenant.ts'

const local = rig()
const REGISTRY = `${local.account}acr.azurecr.io`
const target = (name: string, repository: string, permissions = ['pull'], access = 'read') => ({
  ...{ kind: 'target', name, access },
  token: { kind: 'acr', registry: REGISTRY, repository, permissions },
})
const READER = ['token-reader', 'token-writer']
const FRESH = Array.from({ length: 7 }, (_, at) => `fresh-${at}`)
const DOCUMENTS = [
  target('images', 'team/app'),
  target('pushed', 'team/app', ['pull', 'push'], 'write'),
  target('barren', 'team/barren'),
  // One for each fault: a token that was got once rests in the cache.
  ...FRESH.map((name) => target(name, `team/${name}`)),
  { ...target('abroad', 'team/app'), token: { ...target('', 'a').token, registry: 'contoso.azurecr.cn' } },
  statement('acr', 'reports-app', READER, [
    'token/images',
    'token/pushed',
    'token/barren',
    'token/fresh-*',
    'token/abroad',
  ]),
  statement('acr-short', 'orders-app', READER, ['token/images'], { obligations: { maxTtl: '1h' } }),
]
const upstream = local.cloudControl('acr')

let on: Awaited<ReturnType<typeof secretGateway>>

const ask = async (body: object, who: 'reports-app' | 'orders-app' = 'reports-app') => {
  const { status, json, headers } = await on.call(tokens, who, { method: 'POST', body })
  return { status, headers, json: json as { token: string; code?: string; source?: string; blastRadius: object } }
}

/** The registry's own word on a token. */
const pull = async (token: string, repository: string) => {
  const url = `https://${REGISTRY}/v2/${repository}/tags/list`
  return (await httpsCall(url, { agent: local.agent, headers: { authorization: `Bearer ${token}` } })).status
}

beforeAll(async () => {
  on = await secretGateway(local, DOCUMENTS)
  const objectId = directory.gatewayIdentity?.objectId ?? ''
  const grant = (repository: string, actions: string[]) => ({ registry: REGISTRY, objectId, repository, actions })
  await local.addClouds({
    registryGrants: [
      grant('team/app', ['pull', 'push', 'metadata_read']),
      ...FRESH.map((name) => grant(`team/${name}`, ['pull'])),
      grant('team/other', ['pull']),
    ],
  })
})
afterEach(() => upstream.clear())
afterAll(() => on.gateway.close())

describe('acr (tokens.md)', () => {
  it('50 first requests at once: one exchange, one token, each decided and recorded by itself (S9, T21)', async () => {
    await upstream.clear()
    const answers = await Promise.all(Array.from({ length: 50 }, () => ask({ target: 'images' })))
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200))
    expect(await upstream.counts()).toEqual({ exchange: 1, token: 1 })
    expect(await ask({ target: 'images' })).toMatchObject({ json: { source: 'cache' } })
    const intents = (await on.journal()).filter((entry) => entry.kind === 'intent' && entry.resource === 'token/images')
    expect(intents).toHaveLength(51)
  })

  it('200: a token that pulls from its repository, and from no other', async () => {
    const { json } = await ask({ target: 'images' })
    expect(await pull(json.token, 'team/app')).toBe(200)
    expect(await pull(json.token, 'team/other')).toBe(401)
    const { exp = 0, access } = decodeJwt(json.token)
    expect(access).toEqual([{ type: 'repository', name: 'team/app', actions: ['pull'] }])
    expect(json).toMatchObject({
      tokenType: 'Bearer',
      registry: REGISTRY,
      blastRadius: {
        expiresAt: new Date(exp * 1_000).toISOString(),
        revocable: 'no',
        scope: 'pull',
        boundTo: [`audience:${REGISTRY}`, 'repository:team/app'],
      },
    })
  })

  it('the durable result names the token by its hash; the refresh token is nowhere', async () => {
    const { json, headers } = await ask({ target: 'images' })
    const txn = headers?.['X-Sallyport-Txn']
    const entries = (await on.journal()).filter((entry) => 'txn' in entry && entry.txn === txn)
    expect(entries).toContainEqual(
      expect.objectContaining({
        kind: 'result',
        outcome: 'ok',
        handout: expect.objectContaining({ tokenHash: hashToken(json.token), reference: `${REGISTRY}/team/app` }),
      }),
    )
    expect(JSON.stringify([await on.journal(), on.lines])).not.toMatch(JWT)
  })

  it('200: `scope` narrows the actions', async () => {
    const { json } = await ask({ target: 'pushed', scope: 'push' })
    expect(json.blastRadius).toMatchObject({ scope: 'push' })
    expect(await pull(json.token, 'team/app')).toBe(401)
    expect(await ask({ target: 'images', scope: 'push' })).toMatchObject({
      status: 400,
      json: { code: 'invalid_scope' },
    })
  })

  it('502 upstream_refused: what the registry did not grant is no token', async () => {
    expect(await ask({ target: 'barren' })).toMatchObject({ status: 502, json: { code: 'upstream_refused' } })
  })

  const forged = (name: string, actions: string[]) => {
    const claims = { exp: Math.floor(Date.now() / 1_000) + 600, access: [{ type: 'repository', name, actions }] }
    const token = `x.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.y`
    return JSON.stringify({ access_token: token })
  }
  it.each([
    ['another repository', forged('team/other', ['pull'])],
    ['another action', forged('team/app', ['pull', 'delete'])],
  ])('502 upstream_refused: a token wider than was asked for, by %s, never leaves nor rests', async (_name, body) => {
    await upstream.fault({ kind: 'garbage', operation: 'token', body })
    const asked = { target: 'pushed', scope: 'pull push' }
    expect(await ask(asked)).toMatchObject({ status: 502, json: { code: 'upstream_refused' } })
    await upstream.fault({ kind: 'garbage', operation: 'token', body })
    expect((await ask(asked)).status).toBe(502)
    expect(await upstream.counts()).toEqual({ token: 2 })
  })

  it('403 access_denied: a token that outlives the policy’s maxTtl, and a registry of another cloud', async () => {
    expect(await ask({ target: 'images' }, 'orders-app')).toMatchObject({
      status: 403,
      json: { code: 'access_denied' },
    })
    expect(await ask({ target: 'abroad' })).toMatchObject({ status: 403, json: { code: 'access_denied' } })
  })

  it('400 invalid_request: a ttl or a path, which the registry knows not', async () => {
    for (const more of [{ ttl: 60 }, { path: 'x' }]) {
      expect(await ask({ target: 'images', ...more })).toMatchObject({ status: 400, json: { code: 'invalid_request' } })
    }
  })

  let at = 0
  it.each<[string, FaultInput, number]>([
    ['503: throttled', { kind: 'throttle', operation: 'token', retryAfterSeconds: 1 }, 503],
    ['503: failing', { kind: 'fail', operation: 'token', status: 500, retryAfterSeconds: 1 }, 503],
    ['503: a broken connection', { kind: 'reset', operation: 'token' }, 503],
    ['503: no JSON', { kind: 'garbage', operation: 'token' }, 503],
    ['503: no token in it', { kind: 'garbage', operation: 'token', body: '{"access_token":"x"}' }, 503],
    [
      '502: a redirect, not followed (T40)',
      { kind: 'redirect', operation: 'token', location: `https://${REGISTRY}/else` },
      502,
    ],
    ['502: a refusal', { kind: 'fail', operation: 'token', status: 401 }, 502],
  ])('%s', async (_name, fault, status) => {
    const fresh = FRESH[at++] ?? ''
    await upstream.clear()
    await upstream.fault(fault)
    const failed = await ask({ target: fresh })
    expect(failed.status).toBe(status)
    expect(JSON.stringify(failed.json)).not.toMatch(JWT)
    expect(JSON.stringify(failed.json)).not.toMatch(/Injected|azurecr/)
    const counts = await upstream.counts()
    expect(counts['token']).toBe(1)
    expect(counts['else']).toBeUndefined()
    // The next one after the rest that was asked for.
    await expect.poll(async () => (await ask({ target: fresh, scope: 'pull' })).status, { timeout: 5_000 }).toBe(200)
  })
})

describe('documents of acr', () => {
  const faults = (token: object, access = 'read') => {
    const document = { ...target('t', 'a', ['pull'], access), token: { ...target('t', 'a').token, ...token } }
    const parsed = parseDocument(document)
    return parsed.ok ? [] : parsed.faults.map(({ pointer }) => pointer)
  }

  it.each([['push'], ['delete'], ['metadata_write']])('refuses %s with access read (S1)', (permission) => {
    expect(faults({ permissions: ['pull', permission] })).toEqual(['/token/permissions'])
    expect(faults({ permissions: ['pull', permission] }, 'write')).toEqual([])
  })

  it.each(['*', 'team/*', 'Team/app', '../x', 'a:pull,push', 'a//b', 'a/', ''])(
    'refuses repository `%s`',
    (repository) => {
      expect(faults({ repository })).toEqual(['/token/repository'])
    },
  )

  it.each([
    'contoso.azurecr.io.evil.example',
    'https://contoso.azurecr.io',
    'a@contoso.azurecr.io',
    'contoso.azurecr.io:444',
  ])('refuses registry `%s` (T8)', (registry) => expect(faults({ registry })).toEqual(['/token/registry']))
})
