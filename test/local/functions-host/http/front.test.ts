import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { appFolder } from '../support/app-folder.ts'
import { appFiles } from '../support/apps.ts'
import { type HostChild, startChild } from '../support/child.ts'
import { PROBE } from '../support/probe-options.ts'
import { sendRequest } from '../support/send-request.ts'

describe('a host as npm start runs it: no keys, the front end emulated', () => {
  let child: HostChild
  beforeAll(async () => {
    const { masterKey: _, keys: __, ...open } = PROBE
    const env = { ...open.env, AzureFunctionsJobHost__logging__logLevel__default: 'trace' }
    child = await startChild({ ...open, env, frontEnd: true })
  })
  afterAll(() => child.stop())

  const echoed = async (headers: Record<string, string> = {}) => {
    const answer = await fetch(`${child.url}/api/echo/h`, { headers })
    return (await answer.json()) as { headers: Record<string, string>; user: unknown }
  }

  test('appends the caller to X-Forwarded-For', async () => {
    expect((await echoed()).headers['x-forwarded-for']).toMatch(/^127\.0\.0\.1:\d+$/)
    expect((await echoed({ 'x-forwarded-for': '9.9.9.9' })).headers['x-forwarded-for']).toMatch(
      /^9\.9\.9\.9, 127\.0\.0\.1:\d+$/,
    )
  })

  test('drops Easy Auth identities that a caller forged', async () => {
    const forged = {
      'x-ms-client-principal': 'e30=',
      'x-ms-client-principal-id': 'i',
      'X-MS-CLIENT-PRINCIPAL-NAME': 'n',
      'x-ms-client-principal-idp': 'aad',
    }
    const { headers, user } = await echoed(forged)
    expect(Object.keys(headers).filter((name) => name.startsWith('x-ms-client'))).toEqual([])
    expect(user).toBeNull()
  })

  test('lets tools use the admin API and functions without a key', async () => {
    const run = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' }
    expect((await fetch(`${child.url}/admin/functions/nightly`, run)).status).toBe(202)
    expect((await fetch(`${child.url}/api/fnonly`)).status).toBe(200)
  })

  test('401: the admin API for a page of another origin, or under a name that was rebound', async () => {
    const json = { 'content-type': 'application/json' }
    const run = { method: 'POST', path: '/admin/functions/nightly', body: '{}' }
    const foreign = [
      { ...json, origin: 'http://evil.example' },
      { ...json, host: 'evil.example' },
    ]
    for (const headers of foreign) expect((await sendRequest({ ...run, headers }, child.port)).status).toBe(401)
  })

  test('logs no ?code=, no body and no key, whatever fails', async () => {
    const secret = 'hunter2'
    const headers = { 'content-type': 'application/json', 'x-functions-key': secret }
    const broken = { method: 'POST', headers, body: `{"password": ${secret}` }
    expect((await fetch(`${child.url}/api/jsonread?code=${secret}`, broken)).status).toBe(500)
    const badHost = `GET /api/hello?code=${secret} HTTP/1.1\r\nHost: bad host\r\nConnection: close\r\n\r\n`
    expect((await sendRequest({ raw: badHost }, child.port)).status).toBe(500)
    expect((await fetch(`${child.url}/api/boom?code=${secret}`)).status).toBe(500)
    await child.line(/Function\.jsonread: .*Failed.*SyntaxError/)
    await child.line(/Function\.hello: .*Failed/)
    await child.line(/Function\.boom: .*Failed/)
    expect(child.lines.join('\n')).not.toContain(secret)
  })

  test('survives a client that goes away in the middle of its body', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(child.port, '127.0.0.1', () => {
        socket.write('POST /api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc', () => socket.destroy())
      })
      socket.on('close', () => resolve())
    })
    expect((await fetch(`${child.url}/api/hello`)).status).toBe(200)
  })

  test('500 for a body announced above 100 MiB, before it is read', async () => {
    const raw = 'POST /api/upload HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 104857601\r\n\r\n'
    expect((await sendRequest({ raw }, child.port)).status).toBe(500)
  })

  test('414 for a target above 8 KiB, 431 for headers above the limit', async () => {
    const get = (path: string, headers = {}) => sendRequest({ method: 'GET', path, headers }, child.port)
    expect((await get(`/api/${'a'.repeat(9000)}`)).status).toBe(414)
    expect((await get('/api/hello', { 'x-big': 'a'.repeat(60_000) })).status).toBe(431)
  })

  test('keeps 200 answers apart that overlap on a few connections', async () => {
    const texts = await Promise.all(
      Array.from({ length: 200 }, async (_item, index) => (await fetch(`${child.url}/api/hello/${index}`)).text()),
    )
    expect(texts).toEqual(Array.from({ length: 200 }, (_item, index) => `Hello, ${index}!`))
  })
})

test('CORS of local.settings.json is answered by the host, not by the function', async () => {
  const source =
    "app.http('hello', { methods: ['GET'], authLevel: 'anonymous', handler: async () => ({ body: 'hi' }) })\n"
  const folder = appFolder({ ...appFiles(source), 'local.settings.json': { Host: { CORS: 'http://localhost:3000' } } })
  const child = await startChild({ appRoot: folder.path })
  try {
    const origin = 'http://localhost:3000'
    const preflight = { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'GET' } }
    const asked = await fetch(`${child.url}/api/hello`, preflight)
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, origin])
    const simple = await fetch(`${child.url}/api/hello`, { headers: { origin } })
    expect([await simple.text(), simple.headers.get('access-control-allow-origin')]).toEqual(['hi', origin])
    const other = await fetch(`${child.url}/api/hello`, { headers: { origin: 'http://evil.example' } })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
  } finally {
    await child.stop()
    folder.remove()
  }
})
