import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodePercent } from '../../../../local/functions-host/http/percent.ts'
import { firstQueryValue, parseQuery } from '../../../../local/functions-host/http/query.ts'
import { parseTarget } from '../../../../local/functions-host/http/request-target.ts'

const HOST = '127.0.0.1:7071'

describe('a request target', () => {
  test.each([
    ['/api/a%20b%2Fc?x=%ZZ', { path: '/api/a b%2Fc', encodedPath: '/api/a%20b%2Fc', query: '?x=%ZZ' }],
    ['/%61pi', { path: '/api', encodedPath: '/api', query: '' }],
    ['/a/../b', { path: '/b', encodedPath: '/b', query: '' }],
    ['/a/%2e%2e/b', { path: '/b', encodedPath: '/b', query: '' }],
    ['/../../b/./c/..', { path: '/b/', encodedPath: '/b/', query: '' }],
    ['/a/.', { path: '/a/', encodedPath: '/a/', query: '' }],
    ['/a%252Fb', { path: '/a%2Fb', encodedPath: '/a%2Fb', query: '' }],
    ['/100%', { path: '/100%', encodedPath: '/100%25', query: '' }],
    ['/%C3%A9%FF', { path: '/é%FF', encodedPath: '/%C3%A9%FF', query: '' }],
    ['/%F0%9F%94%91', { path: '/🔑', encodedPath: '/%F0%9F%94%91', query: '' }],
    [`http://${HOST}/a?b`, { path: '/a', encodedPath: '/a', query: '?b' }],
    [`http://${HOST}`, { path: '/', encodedPath: '/', query: '' }],
    ['*', { path: '*', encodedPath: '*', query: '' }],
  ])('%s', (target, expected) => {
    expect(parseTarget(target, HOST)).toEqual(expected)
  })

  test.each([
    ['400 for another host in absolute form', 'http://other.example/a', 400],
    ['400 for a path without a slash', 'a', 400],
    ['400 for bytes outside ASCII', '/Ã©', 400],
    ['400 for %00', '/a%00b', 400],
    ['414 for more than 8 KiB', `/${'a'.repeat(9000)}`, 414],
  ])('%s', (_title, target, status) => {
    expect(parseTarget(target, HOST)).toBe(status)
  })

  test('no target leaves a dot segment in the path', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('.', '..', '%2e', '%2E.', 'a', '', '%2F', '%')), (parts) => {
        const parsed = parseTarget(`/${parts.join('/')}`, HOST)
        expect(typeof parsed === 'object' && /\/\.{1,2}(\/|$)/.test(parsed.path)).toBe(false)
      }),
    )
  })
})

describe('percent-decoding', () => {
  test('agrees with decodeURIComponent on whatever that takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(decodePercent(encodeURIComponent(text))).toBe(text)
      }),
    )
  })

  test('never throws and keeps what is malformed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(decodePercent(text.replace(/%[0-9a-f]{2}/gi, ''))).toBe(text.replace(/%[0-9a-f]{2}/gi, ''))
      }),
    )
    expect(decodePercent('%C0%AF%ED%A0%80%F5%80%80%80%E2%98x%')).toBe('%C0%AF%ED%A0%80%F5%80%80%80%E2%98x%')
  })
})

describe('a query', () => {
  test('joins repeated names without regard to case, keeps the first spelling, decodes once', () => {
    expect({ ...parseQuery('?x=1&X=2&e=&flag&&a+b=c%20d&bad=%ZZ') }).toEqual({
      x: '1,2',
      e: '',
      flag: '',
      'a b': 'c d',
      bad: '%ZZ',
    })
  })

  test('a name such as __proto__ is a name', () => {
    const values = parseQuery('?__proto__=x')
    expect(Object.keys(values)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  test('the first value of a parameter is found whatever its case', () => {
    expect(firstQueryValue('?CODE=a%2Bb&code=c', 'code')).toBe('a+b')
    expect(firstQueryValue('?x=1', 'code')).toBeUndefined()
  })
})
