import type { IncomingMessage, ServerResponse } from 'node:http'
import { Agent, createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createFetchJson, FetchFault } from '../../../shared/identity/fetch-json.ts'

let server: Server
let base: string
let ca: string
let agent: Agent
const asked: IncomingMessage[] = []
let answer: (response: ServerResponse, request: IncomingMessage) => void = () => {}

beforeAll(async () => {
  const altNames = [{ type: 7 as const, ip: '127.0.0.1' }]
  const made = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keySize: 2048,
    extensions: [{ name: 'subjectAltName', altNames }],
  })
  ca = made.cert
  server = createServer({ key: made.private, cert: made.cert }, (request, response) => {
    asked.push(request)
    answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  agent = new Agent({ ca, keepAlive: true })
})

afterAll(async () => {
  agent.destroy()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

beforeEach(() => {
  asked.length = 0
})

const LIMITS = { maxBytes: 1_000, timeoutMs: 5_000 }

const fetching = (url = `${base}/doc`, limits = LIMITS, through = agent) =>
  createFetchJson(through)(url, limits).catch((error: unknown) => {
    if (!(error instanceof FetchFault)) throw error
    return error.reason
  })

const json = (body: string, headers: Record<string, string> = {}, status = 200) => {
  answer = (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(body)
  }
}

describe('createFetchJson', () => {
  it('gives the document; asks for it plainly, once', async () => {
    json('{"a":1}')
    expect(await fetching()).toEqual({ a: 1 })
    expect(asked).toHaveLength(1)
    expect(asked[0]?.headers['accept-encoding']).toBe('identity')
    expect(asked[0]?.headers.authorization).toBeUndefined()
  })

  it.each(['application/jwk-set+json', 'application/json; charset=utf-8', 'Application/JSON'])(
    'takes the type %s',
    async (type) => {
      json('{"a":1}', { 'content-type': type })
      expect(await fetching()).toEqual({ a: 1 })
    },
  )

  it.each([301, 302, 303, 307, 308])('T40: refuses redirect %i without a second request', async (status) => {
    json('{}', { location: `${base}/elsewhere` }, status)
    expect(await fetching()).toBe('redirect')
    expect(asked.map(({ url }) => url)).toEqual(['/doc'])
  })

  it.each([204, 206, 400, 404, 429, 500, 503])('refuses status %i', async (status) => {
    json(status === 204 ? '' : '{}', {}, status)
    expect(await fetching()).toBe('status')
  })

  it.each([
    ['text/html', '{}', { 'content-type': 'text/html' }],
    ['no type', '{}', { 'content-type': '' }],
    ['a type that only starts so', '{}', { 'content-type': 'application/jsonp' }],
    ['broken JSON', '{"a":', {}],
    ['duplicate keys', '{"a":1,"a":2}', {}],
    ['33 levels', `${'['.repeat(33)}${']'.repeat(33)}`, {}],
    ['nothing', '', {}],
  ])('refuses %s as not JSON', async (_, body, headers) => {
    json(body, headers)
    expect(await fetching()).toBe('not_json')
  })

  it('refuses compressed answers (T31)', async () => {
    json('{}', { 'content-encoding': 'gzip' })
    expect(await fetching()).toBe('encoded')
  })

  it('refuses a declared length over the limit, and reads up to the limit', async () => {
    json(JSON.stringify('x'.repeat(998)))
    expect(await fetching()).toBe('x'.repeat(998))
    json(JSON.stringify('x'.repeat(999)))
    expect(await fetching()).toBe('too_large')
  })

  it('stops reading an endless answer at the limit', async () => {
    let sent = 0
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const chunk = ' '.repeat(500)
      const pour = () => {
        while (!response.destroyed && response.write(chunk)) sent += chunk.length
        response.once('drain', pour)
      }
      pour()
    }
    expect(await fetching()).toBe('too_large')
    expect(sent).toBeLessThan(10_000_000)
  })

  it('ends a dripping answer, and a silent one, after the time limit in all', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const drip = setInterval(() => response.write(' '), 10)
      response.on('close', () => clearInterval(drip))
    }
    expect(await fetching(base, { ...LIMITS, timeoutMs: 80 })).toBe('timeout')
    answer = () => {}
    expect(await fetching(base, { ...LIMITS, timeoutMs: 80 })).toBe('timeout')
  })

  it('refuses an answer that breaks off', async () => {
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '50' })
      response.write('{"a":1}', () => response.destroy())
    }
    expect(await fetching()).toBe('unreachable')
    answer = (response) => response.destroy()
    expect(await fetching()).toBe('unreachable')
  })

  it('asks again when the server closed a kept-alive connection meanwhile', async () => {
    json('{"a":1}')
    await fetching()
    let dropped = 0
    answer = (response, request) => {
      if (dropped++ === 0) request.socket.destroy()
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{"a":2}')
    }
    expect(await fetching()).toEqual({ a: 2 })
    expect(dropped).toBe(2)
  })

  it('checks the certificate', async () => {
    json('{}')
    expect(await fetching(`${base}/doc`, LIMITS, new Agent())).toBe('unreachable')
    const { port } = server.address() as AddressInfo
    expect(await fetching(`https://localhost:${port}/doc`)).toBe('unreachable')
    expect(asked).toEqual([])
  })

  it.each(['http://127.0.0.1/', 'file:///etc/passwd', 'https://u:p@127.0.0.1/', 'not a url', ''])(
    'refuses %s',
    async (url) => {
      expect(await fetching(url)).toBe('bad_url')
    },
  )

  it('rejects with a fault that holds nothing of the answer (F4)', async () => {
    json('{"canary":', { 'x-canary': 'canary' })
    const error = await createFetchJson(agent)(`${base}/doc`, LIMITS).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(FetchFault)
    expect(error).not.toHaveProperty('cause')
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toContain('canary')
  })
})
