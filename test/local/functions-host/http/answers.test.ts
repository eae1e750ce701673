import { describe, expect, test } from 'vitest'
import { formatCookie } from '../../../../local/functions-host/http/cookies.ts'
import { createCors } from '../../../../local/functions-host/http/cors.ts'
import { readHeaders } from '../../../../local/functions-host/http/read-request.ts'
import { toReply } from '../../../../local/functions-host/http/reply.ts'
import { createThrottle } from '../../../../local/functions-host/http/throttle.ts'

describe('a reply', () => {
  const reply = (headers: Record<string, string>, body = 'hello') =>
    toReply({ http: { statusCode: '200', headers, body: { bytes: Buffer.from(body) } } })

  test('204: nothing was returned', () => {
    expect(toReply(undefined)).toEqual({ status: 204 })
    expect(toReply(null)).toEqual({ status: 204 })
  })

  test('cannot be sent when its Content-Length is wrong: the next answer would be read as part of it', () => {
    expect(reply({ 'content-length': '1' })).toBeUndefined()
    expect(reply({ 'content-length': '5' })?.headers).toEqual(['content-length', '5'])
  })

  test('has no Transfer-Encoding of the function', () => {
    expect(reply({ 'transfer-encoding': 'chunked', 'x-a': '1' })?.headers).toEqual(['x-a', '1'])
  })

  test('cannot be sent when it is no HTTP response', () => {
    expect(toReply({ string: 'x' })).toBeUndefined()
  })
})

test('a cookie is written as ASP.NET writes it', () => {
  expect(
    formatCookie({
      name: 'a b',
      value: "v 1;,!'()*",
      expires: { value: { seconds: 1_893_456_000 } },
      maxAge: { value: 60 },
      domain: { value: 'example.org' },
      sameSite: 'explicitNone',
      secure: { value: true },
      httpOnly: { value: true },
    }),
  ).toBe(
    'a%20b=v%201%3B%2C%21%27%28%29%2A; expires=Tue, 01 Jan 2030 00:00:00 GMT; max-age=60; domain=example.org; path=/; secure; samesite=none; httponly',
  )
})

test('headers: lower case, repeated ones joined with a comma, __proto__ is a name', () => {
  const headers = readHeaders(['X-Dup', '1', 'x-dup', '2', 'Cookie', 'a=1', 'cookie', 'b=2', '__proto__', 'x'])
  expect(Object.entries(headers)).toEqual([
    ['x-dup', '1,2'],
    ['cookie', 'a=1,b=2'],
    ['__proto__', 'x'],
  ])
})

describe('CORS of local.settings.json', () => {
  test('is off without origins', () => {
    expect(createCors([], false)).toBeUndefined()
  })

  test('a listed origin may use any method and header; another gets no header', () => {
    const cors = createCors(['http://localhost:3000'], true)
    const preflight = {
      origin: 'http://localhost:3000',
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'x-a',
    }
    expect(cors?.preflight('OPTIONS', preflight)).toEqual([
      'Access-Control-Allow-Origin',
      'http://localhost:3000',
      'Vary',
      'Origin',
      'Access-Control-Allow-Credentials',
      'true',
      'Access-Control-Allow-Methods',
      'PUT',
      'Access-Control-Allow-Headers',
      'x-a',
    ])
    expect(cors?.preflight('OPTIONS', { ...preflight, origin: 'http://evil' })).toEqual([])
    expect(cors?.headersFor('http://evil')).toEqual([])
    expect(cors?.preflight('GET', preflight)).toBeUndefined()
  })

  test('* allows any origin without naming it', () => {
    expect(createCors(['*'], false)?.headersFor('http://x')).toEqual([['Access-Control-Allow-Origin', '*']])
  })
})

test('a throttle runs so many at once, lets so many wait, and hands slots on in order', async () => {
  const throttle = createThrottle(1, 3)
  const order: string[] = []
  expect(throttle?.enter()).toBeUndefined()
  const second = Promise.resolve(throttle?.enter()).then(() => order.push('second'))
  const third = Promise.resolve(throttle?.enter()).then(() => order.push('third'))
  expect(throttle?.enter()).toBe('full')
  throttle?.leave()
  await second
  expect(order).toEqual(['second'])
  throttle?.leave()
  await third
  throttle?.leave()
  expect(throttle?.enter()).toBeUndefined()
  expect(createThrottle(-1, -1)).toBeUndefined()
})
