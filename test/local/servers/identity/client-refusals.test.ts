import { describe, expect, it } from 'vitest'
import { httpsCall } from '../../../support/https-call.ts'
import { rig } from '../../../support/rig.ts'
import { directory } from '../../../support/tenant.ts'

const { agent, tenant, clientSecret, addresses } = rig()
const { appId } = directory.app('billing-app')
const good = {
  grant_type: 'client_credentials',
  client_id: appId,
  client_secret: clientSecret('billing-app'),
  scope: 'api://sallyport/.default',
}

function post(
  form: Record<string, string | undefined>,
  options: { path?: string; headers?: Record<string, string> } = {},
) {
  const given = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...options.headers }
  const path = options.path ?? `/${tenant}/oauth2/v2.0/token`
  const body = new URLSearchParams(given).toString()
  return httpsCall(`https://login.microsoftonline.com${path}`, { agent, method: 'POST', headers, body })
}

it('200: the request that each refusal below alters in one place', async () => {
  const { status, headers, json } = await post(good)
  expect(status).toBe(200)
  expect(headers['cache-control']).toContain('no-store')
  expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 3_599, ext_expires_in: 3_599 })
})

it('200: numbers of the v1 endpoint are strings', async () => {
  const { json } = await post(
    { ...good, scope: undefined, resource: 'api://sallyport' },
    { path: `/${tenant}/oauth2/token` },
  )
  expect(json).toMatchObject({ expires_in: '3599', resource: 'api://sallyport' })
  expect(json['expires_on']).toMatch(/^\d{10}$/)
})

it('200: client id and secret in a Basic header (RFC 6749 §2.3.1)', async () => {
  const basic = Buffer.from(`${appId}:${encodeURIComponent(clientSecret('billing-app'))}`).toString('base64')
  const form = { ...good, client_id: undefined, client_secret: undefined }
  expect((await post(form, { headers: { authorization: `Basic ${basic}` } })).status).toBe(200)
})

describe('AADSTS errors', () => {
  it.each([
    ['no grant type', { grant_type: undefined }, 400, 'invalid_request', 900144],
    ['another grant type', { grant_type: 'device_code' }, 400, 'unsupported_grant_type', 70003],
    ['no client id', { client_id: undefined }, 400, 'invalid_request', 900144],
    ['an unknown app', { client_id: 'aaaaaaaa-0000-4000-8000-ffffffffffff' }, 400, 'unauthorized_client', 700016],
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    ['no secret', { client_secret: undefined }, 401, 'invalid_client', 7000218],
    ['no scope', { scope: undefined }, 400, 'invalid_request', 900144],
    ['a scope that is no /.default', { scope: 'api://sallyport/read' }, 400, 'invalid_scope', 1002012],
    [
      'two scopes',
      { scope: 'api://sallyport/.default https://vault.azure.net/.default' },
      400,
      'invalid_scope',
      1002012,
    ],
    ['an unknown resource', { scope: 'api://unknown/.default' }, 400, 'invalid_resource', 500011],
  ] as const)('%s', async (_, change, status, error, code) => {
    const reply = await post({ ...good, ...change }, { headers: { 'client-request-id': 'my-correlation' } })
    expect(reply.status).toBe(status)
    expect(reply.json).toMatchObject({ error, error_codes: [code], correlation_id: 'my-correlation' })
    expect(reply.json['error_description']).toMatch(
      new RegExp(`^AADSTS${code}: .+ Trace ID: [0-9a-f-]{36} Correlation ID:`),
    )
    expect(reply.text).not.toContain(clientSecret('billing-app'))
  })

  it('400 AADSTS90002: another tenant at the token endpoint', async () => {
    const reply = await post(good, { path: '/99999999-9999-4999-8999-999999999999/oauth2/v2.0/token' })
    expect(reply).toMatchObject({ status: 400, json: { error: 'invalid_request', error_codes: [90002] } })
  })

  it('400 AADSTS900561: GET at the token endpoint', async () => {
    const reply = await httpsCall(`https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`, { agent })
    expect(reply).toMatchObject({ status: 400, json: { error_codes: [900561] } })
  })

  it('404: a path that is none, also one that would leave the folder of keys', async () => {
    for (const path of ['/', '/x', '/..%2f..%2fetc/discovery/keys', '/a%00b/discovery/keys', `/${tenant}/other`]) {
      expect((await httpsCall(`https://login.microsoftonline.com${path}`, { agent })).status).toBe(404)
    }
  })
})

describe('managed-identity endpoint: {statusCode, message}', () => {
  const identityHeader = process.env['IDENTITY_HEADER'] ?? ''
  const ask = async (query: string, header = identityHeader, method = 'GET') => {
    const reply = await fetch(`${addresses.identityEndpoint}?${query}`, {
      method,
      headers: { 'x-identity-header': header },
    })
    return { status: reply.status, body: (await reply.json()) as Record<string, unknown> }
  }
  const good = 'api-version=2019-08-01&resource=https://vault.azure.net'

  it('200: expires_on is a string of seconds', async () => {
    const { status, body } = await ask(good)
    expect(status).toBe(200)
    expect(body).toMatchObject({ token_type: 'Bearer', resource: 'https://vault.azure.net' })
    expect(body['expires_on']).toMatch(/^\d{10}$/)
  })

  it.each([
    ['401: no header', good, '', 401],
    ['401: another header', good, 'x', 401],
    ['400: another api-version', 'api-version=2018-02-01&resource=https://vault.azure.net', undefined, 400],
    ['400: no resource', 'api-version=2019-08-01', undefined, 400],
    ['400: an unknown resource', 'api-version=2019-08-01&resource=https://vault.azure.net@evil.test', undefined, 400],
    ['400: an unknown identity', `${good}&client_id=c0000000-0000-4000-8000-00000000000f`, undefined, 400],
    [
      '400: a client id of one identity and the object id of another',
      `${good}&client_id=c0000000-0000-4000-8000-000000000002&object_id=d0000000-0000-4000-8000-000000000001`,
      undefined,
      400,
    ],
  ])('%s', async (_, query, header, status) => {
    const reply = await ask(query, header)
    expect(reply.status).toBe(status)
    expect(reply.body).toMatchObject({ statusCode: status, message: expect.any(String) })
  })

  it('405: POST', async () => {
    expect((await ask(good, identityHeader, 'POST')).status).toBe(405)
  })
})
