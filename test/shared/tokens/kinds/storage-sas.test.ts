import { AnonymousCredential, BlobServiceClient, ContainerClient } from '@azure/storage-blob'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oauthToken } from '../../../../functions/oauth-token.ts'
import { tokens } from '../../../../functions/tokens.ts'
import { REPORTS_ACCOUNT } from '../../../../local/servers/environment.ts'
import type { DecidedEntry } from '../../../../shared/audit/entry.ts'
import { createGateway } from '../../../../shared/gateway.ts'
import { handle } from '../../../../shared/http/handle.ts'
import { TOKEN_EXCHANGE } from '../../../../shared/tokens/exchange-request.ts'
import { TOKEN_TYPE } from '../../../support/exchange.ts'
import { gatewayRequest } from '../../../support/gateway-request.ts'
import { rig } from '../../../support/rig.ts'
import { staticCredential } from '../../../support/sdk.ts'
import { secretGateway, statement } from '../../../support/secret-gateway.ts'
import { directory } from '../../../support/tenant.ts'

const local = rig()
const ENDPOINT = `https://${REPORTS_ACCOUNT}.blob.core.windows.net`
/** The account is everybody's; the containers are this file's. */
const [MINE, OTHER] = [`${local.account}-reports`, `${local.account}-other`]
const target = (name: string, access: string, token: object) => ({
  ...{ kind: 'target', name, access },
  token: { kind: 'storage-sas', endpoint: ENDPOINT, container: MINE, ...token },
})
const TARGETS = [
  target('my-reports', 'read', { permissions: ['read', 'list'] }),
  target('my-writer', 'write', { permissions: ['read', 'create', 'write'] }),
  target('own-data', 'read', {
    endpoint: `https://${local.account}.blob.core.windows.net`,
    container: 'checkpoints',
    permissions: ['read'],
  }),
  target('elsewhere', 'read', { endpoint: 'https://contoso.blob.core.chinacloudapi.cn', permissions: ['read'] }),
  statement(
    'sas',
    'reports-app',
    ['token-reader', 'token-writer'],
    ['token/my-*', 'token/own-data', 'token/elsewhere'],
  ),
]

let on: Awaited<ReturnType<typeof secretGateway>>

type Answer = {
  token: string
  tokenType: string
  url: string
  source: string
  blastRadius: Record<string, unknown>
}

const ask = async (body: object, gateway = on) => {
  const answer = await gateway.call(tokens, 'reports-app', { method: 'POST', body: { ttl: '10m', ...body } })
  return { status: answer.status, headers: answer.headers ?? {}, json: answer.json as Answer }
}

/** The unmodified client with nothing but the SAS. */
const containerWith = (sas: string, container = MINE) =>
  new ContainerClient(`${ENDPOINT}/${container}?${sas}`, new AnonymousCredential(), {
    retryOptions: { maxTries: 1 },
    agent: local.agent,
  } as never)

const statusOf = (act: Promise<unknown>) =>
  act.then(
    () => 200,
    (error: { statusCode?: number }) => error.statusCode,
  )

const read = (sas: string, blob: string, container?: string) =>
  statusOf(containerWith(sas, container).getBlobClient(blob).downloadToBuffer())

beforeAll(async () => {
  on = await secretGateway(local, TARGETS)
  const credential = staticCredential(await local.operatorToken('https://storage.azure.com'))
  const service = new BlobServiceClient(ENDPOINT, credential, { agent: local.agent } as never)
  for (const name of [MINE, OTHER]) {
    await service.getContainerClient(name).create()
    for (const blob of ['a.txt', 'year/b.txt']) {
      await service.getContainerClient(name).getBlockBlobClient(blob).upload('text', 4)
    }
  }
})
afterAll(() => on.gateway.close())

describe('storage-sas on Azurite (S12)', () => {
  it('200: a SAS for one blob reads it, and nothing else', async () => {
    const { status, json } = await ask({ target: 'my-reports', path: 'year/b.txt' })
    expect(status).toBe(200)
    expect(json).toMatchObject({ tokenType: 'N_A', url: `${ENDPOINT}/${MINE}/year/b.txt` })
    expect(await read(json.token, 'year/b.txt')).toBe(200)
    expect(await read(json.token, 'a.txt')).toBe(403)
    expect(await read(json.token, 'year/b.txt', OTHER)).toBe(403)
    const blob = containerWith(json.token).getBlockBlobClient('year/b.txt')
    expect(await statusOf(blob.upload('new', 3))).toBe(403)
    expect(await statusOf(blob.delete())).toBe(403)
    expect(await statusOf(containerWith(json.token).listBlobsFlat().next())).toBe(403)
  })

  it('200: a SAS for a container reads and lists it, and no other', async () => {
    const { json } = await ask({ target: 'my-reports' })
    expect(await read(json.token, 'a.txt')).toBe(200)
    expect(await statusOf(containerWith(json.token).listBlobsFlat().next())).toBe(200)
    expect(await read(json.token, 'a.txt', OTHER)).toBe(403)
    expect(await statusOf(containerWith(json.token).getBlockBlobClient('new').upload('new', 3))).toBe(403)
  })

  it('200: `scope` narrows: what only lists does not read', async () => {
    const { json } = await ask({ target: 'my-reports', scope: 'list' })
    expect(json.blastRadius['scope']).toBe('list')
    expect(await read(json.token, 'a.txt')).toBe(403)
    expect(await statusOf(containerWith(json.token).listBlobsFlat().next())).toBe(200)
  })

  it('is refused when a byte of it is changed', async () => {
    const { json } = await ask({ target: 'my-reports', path: 'a.txt' })
    const query = new URLSearchParams(json.token)
    for (const [name, value] of [
      ['se', '2031-01-01T00:00:00Z'],
      ['sp', 'rw'],
      ['scid', '00000000-0000-4000-8000-000000000000'],
      ['sr', 'c'],
      ['spr', 'https,http'],
    ] as const) {
      const changed = new URLSearchParams(query)
      changed.set(name, value)
      expect(await read(changed.toString(), 'a.txt'), name).toBe(403)
    }
    const signature = query.get('sig') ?? ''
    query.set('sig', `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`)
    expect(await read(query.toString(), 'a.txt')).toBe(403)
  })

  it('is refused after its end, and ends when it says', async () => {
    const hourAgo = createGateway(local.config({ SALLYPORT_JOURNAL_DEADLINE_MS: '20000' }), {
      now: () => Date.now() - 240_000,
      log: () => {},
    })
    const request = gatewayRequest({
      method: 'POST',
      path: '/v1/tokens',
      headers: {
        authorization: `Bearer ${await local.callerToken('reports-app')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ target: 'my-reports', path: 'a.txt', ttl: '3m' }),
    })
    const { json } = await handle(tokens, request, hourAgo)
    const { token, blastRadius } = json as Answer
    await hourAgo.close()
    expect(new URLSearchParams(token).get('se')).toBe(String(blastRadius['expiresAt']).replace('.000Z', 'Z'))
    expect(Date.parse(String(blastRadius['expiresAt']))).toBeLessThan(Date.now())
    expect(await read(token, 'a.txt')).toBe(403)
  })

  it('tells the truth of its reach, under the name of the gateway', async () => {
    const { json } = await ask({ target: 'my-reports', path: 'a.txt' })
    expect(json.blastRadius).toEqual({
      expiresAt: expect.any(String),
      revocable: 'account',
      scope: 'read',
      boundTo: [`resource:${ENDPOINT}/${MINE}/a.txt`, 'protocol:https'],
      issuedAs: `entra:${directory.tenant}:${directory.gatewayIdentity?.objectId}`,
    })
    const query = new URLSearchParams(json.token)
    expect(Object.fromEntries(query)).toMatchObject({ spr: 'https', sp: 'r', sr: 'b', sks: 'b' })
    expect(query.has('st')).toBe(false)
    expect(json.source).toBe('cache')
  })

  it('is named by the intent: its correlation id is the txn (T21)', async () => {
    const { json, headers } = await ask({ target: 'my-reports' })
    const txn = headers['X-Sallyport-Txn']
    expect(new URLSearchParams(json.token).get('scid')).toBe(txn)
    const entries = (await on.journal()).filter((entry) => 'txn' in entry && entry.txn === txn) as DecidedEntry[]
    expect(entries[0]).toMatchObject({
      kind: 'intent',
      action: 'token:issue',
      handout: { reference: txn, expiresAt: json.blastRadius['expiresAt'] },
    })
    const signature = new URLSearchParams(json.token).get('sig') ?? ''
    expect(JSON.stringify([await on.journal(), on.lines])).not.toContain(signature)
  })

  it('200 N_A at the token exchange, with its own type (RFC 8693 §2.2.1)', async () => {
    const body = new URLSearchParams({
      grant_type: TOKEN_EXCHANGE,
      subject_token: await local.callerToken('reports-app'),
      subject_token_type: `${TOKEN_TYPE}:access_token`,
      audience: 'my-reports',
    }).toString()
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const { json, status } = await on.call(oauthToken, undefined, { method: 'POST', headers, body })
    expect(status).toBe(200)
    expect(json).toMatchObject({
      token_type: 'N_A',
      issued_token_type: 'urn:sallyport:token-type:storage-sas',
      url: `${ENDPOINT}/${MINE}`,
      scope: 'read list',
    })
    expect(await read(String((json as Record<string, unknown>)['access_token']), 'a.txt')).toBe(200)
  })

  it('403 access_denied: never the gateway’s own data account, nor one of another cloud', async () => {
    for (const name of ['own-data', 'elsewhere']) {
      expect(await ask({ target: name })).toMatchObject({ status: 403, json: { code: 'access_denied' } })
    }
  })

  it('400 invalid_request: a path that is not plain', async () => {
    for (const path of ['../x', 'a//b', '/a', 'a/', 'a/./b', 'a%2fb', 'a\\b', 'a.', 'a\u202eb', 'e\u0301']) {
      expect(await ask({ target: 'my-reports', path }), path).toMatchObject({
        status: 400,
        json: { code: 'invalid_request' },
      })
    }
  })
})
