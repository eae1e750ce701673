import { beforeAll, describe, expect, it } from 'vitest'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'

const { agent, account, operatorToken, mint, tenant, callerToken } = rig()
const origin = `https://${account}-main.vault.azure.net`
let token = ''

type VaultBody = { error?: { code: string; message: string } } & Record<string, unknown>

async function call(method: string, path: string, options: { token?: string; body?: string } = {}) {
  const headers: Record<string, string> = options.token ? { authorization: `Bearer ${options.token}` } : {}
  const {
    status,
    headers: answered,
    json,
  } = await httpsCall(`${origin}${path}`, {
    ...{ agent, method, headers },
    ...(options.body !== undefined && { body: options.body }),
  })
  return { status, headers: answered, body: json as VaultBody }
}

beforeAll(async () => {
  token = await operatorToken('https://vault.azure.net')
})

describe('challenge authentication', () => {
  it('401 AKV10000: without a token, with the tenant and the resource to ask for', async () => {
    const { status, headers, body } = await call('GET', '/secrets?api-version=7.6')
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toBe(
      `Bearer authorization="https://login.windows.net/${tenant}", resource="https://vault.azure.net"`,
    )
    expect(body.error).toEqual({
      code: 'Unauthorized',
      message: 'AKV10000: Request is missing a Bearer or PoP token.',
    })
  })

  const now = Math.floor(Date.now() / 1_000)
  const good = {
    iss: `https://sts.windows.net/${tenant}/`,
    aud: 'https://vault.azure.net',
    oid: 'b0000000-0000-4000-8000-00000000000c',
    nbf: now - 300,
    exp: now + 600,
  }

  it('200: a minted token with the right claims passes, so the table below fails for its reason alone', async () => {
    expect((await call('GET', '/secrets?api-version=7.6', { token: await mint(good) })).status).toBe(200)
  })

  it.each([
    ['another audience', { ...good, aud: 'https://management.azure.com/' }, {}, 'AKV10022'],
    ['an audience array', { ...good, aud: ['https://vault.azure.net'] }, {}, 'AKV10022'],
    [
      'another tenant',
      { ...good, iss: 'https://sts.windows.net/99999999-9999-4999-8999-999999999999/' },
      {},
      'AKV10032',
    ],
    ['the v2 issuer', { ...good, iss: `https://login.microsoftonline.com/${tenant}/v2.0` }, {}, 'AKV10032'],
    ['an expired token', { ...good, exp: now - 1 }, {}, '[TokenExpired]'],
    ['no exp', { ...good, exp: undefined }, {}, 'AKV10046'],
    ['no oid', { ...good, oid: undefined }, {}, 'AKV10046'],
    ['an unpublished key', good, { key: 'unpublished' }, 'AKV10046'],
    ['a key of another tenant', good, { realm: '99999999-9999-4999-8999-999999999999' }, 'AKV10046'],
  ] as const)('401: %s', async (_, claims, options, code) => {
    const { status, body } = await call('GET', '/secrets?api-version=7.6', { token: await mint(claims, options) })
    expect(status).toBe(401)
    expect(body.error?.message).toContain(code)
  })

  it('401: a token with its signature altered, and garbage', async () => {
    const [header, payload, signature = ''] = token.split('.')
    const altered = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    expect((await call('GET', '/secrets?api-version=7.6', { token: altered })).status).toBe(401)
    expect((await call('GET', '/secrets?api-version=7.6', { token: 'garbage' })).status).toBe(401)
  })

  it('403: an authenticated stranger may do nothing', async () => {
    const stranger = await callerToken('stranger', { version: 1, resource: 'https://vault.azure.net' })
    for (const path of ['/secrets', '/secrets/x', '/deletedsecrets', '/secrets/x/versions']) {
      expect((await call('GET', `${path}?api-version=7.6`, { token: stranger })).body.error?.code).toBe('Forbidden')
    }
  })
})

describe('bad requests', () => {
  it.each([
    ['no api-version', 'GET', '/secrets', 400, 'BadParameter'],
    ['an unknown api-version', 'GET', '/secrets?api-version=1.0', 400, 'BadParameter'],
    ['PUT without a name', 'PUT', '/secrets?api-version=7.6', 405, 'MethodNotAllowed'],
    ['POST on a secret', 'POST', '/secrets/x?api-version=7.6', 405, 'MethodNotAllowed'],
    ['a name with a dot', 'GET', '/secrets/a.b?api-version=7.6', 400, 'BadParameter'],
    ['a broken escape', 'GET', '/secrets/%zz?api-version=7.6', 400, 'BadParameter'],
    ['a broken skip token', 'GET', '/secrets?api-version=7.6&$skiptoken=x', 400, 'BadParameter'],
  ])('%s', async (_, method, path, status, code) => {
    const reply = await call(method, path, { token })
    expect({ status: reply.status, code: reply.body.error?.code }).toEqual({ status, code })
  })

  it('404 without a body: a path that is no part of the data plane', async () => {
    expect(await call('GET', '/elsewhere?api-version=7.6', { token })).toMatchObject({ status: 404, body: {} })
  })

  it.each([
    ['no JSON', '{'],
    ['no value', '{}'],
    ['a value that is no text', '{"value":1}'],
    ['an exp that is no number', '{"value":"x","attributes":{"exp":"tomorrow"}}'],
    ['an exp before nbf', '{"value":"x","attributes":{"exp":1,"nbf":2}}'],
    ['nothing', ''],
  ])('400 BadParameter: a body with %s', async (_, body) => {
    const reply = await call('PUT', '/secrets/x?api-version=7.6', { token, body })
    expect(reply).toMatchObject({ status: 400, body: { error: { code: 'BadParameter' } } })
  })
})

it('reads `api%2Dversion`, as the client sends it, and names the default port in nextLink', async () => {
  const ok = await call('PUT', '/secrets/a?api%2Dversion=2026-04-01', { token, body: '{"value":"x"}' })
  expect(ok.body).toMatchObject({ value: 'x', attributes: { recoveryLevel: 'Recoverable+Purgeable' } })
  await call('PUT', '/secrets/b?api%2Dversion=2026-04-01', { token, body: '{"value":"x"}' })
  const page = await call('GET', '/secrets?api%2Dversion=2026-04-01&maxresults=1', { token })
  const next = String(page.body['nextLink'])
  expect(next.startsWith(`${origin}:443/secrets?`)).toBe(true)
  const second = await call('GET', next.slice(`${origin}:443`.length), { token })
  expect(second.body).toMatchObject({ value: [{ id: `${origin}/secrets/b` }], nextLink: null })
})
