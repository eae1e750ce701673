import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sendRequest } from '../local/functions-host/support/send-request.ts'
import { badInputHost } from '../support/bad-input/host.ts'
import { type FormBody, type JsonBody, KNOWN, type Known, pathOf } from '../support/bad-input/recipes.ts'
import { expectRefusal, MARKER } from '../support/bad-input/refusal.ts'
import { formText, goodBody } from '../support/bad-input/sender.ts'
import { some } from '../support/bad-input/some.ts'

const { send, port } = badInputHost()

/** The form of a handle's id. */
const HANDLE = '00000000-0000-4000-8000-000000000000'

/** 10 MB of zeros in 10 kB. */
const bomb = gzipSync(Buffer.alloc(10_000_000))

type With<B> = Known & { recipe: { body: B } }

const bodied = KNOWN.filter((operation): operation is With<JsonBody | FormBody> => operation.recipe.body !== undefined)
const jsonBodied = bodied.filter((operation): operation is With<JsonBody> => operation.recipe.body.kind === 'json')
const formBodied = bodied.filter((operation): operation is With<FormBody> => operation.recipe.body.kind === 'form')

const succeeds = async (operation: Known, body: string) => {
  const answer = await send(operation, { body })
  expect([200, 201, 202, 204], answer.body).toContain(answer.status)
}

describe.each(bodied)('what carries the body of $title', (operation) => {
  const { dialect } = operation.endpoint
  const type = { json: 'application/json', form: 'application/x-www-form-urlencoded' }[operation.recipe.body.kind]
  const other = { json: 'application/x-www-form-urlencoded', form: 'application/json' }[operation.recipe.body.kind]

  it.each(
    some(operation, [
      undefined,
      '',
      other,
      'text/plain',
      'multipart/form-data; boundary=x',
      `${type}x`,
      `${type}, ${type}`,
      `${type}; charset=utf-16`,
      `${type}; charset=${MARKER}`,
      `application/${MARKER}+json`,
    ]),
  )('415 unsupported_media_type: content type %j', async (value) => {
    const answer = await send(operation, { headers: { 'content-type': value } })
    expectRefusal(answer, 'unsupported_media_type', dialect)
  })

  it.each(
    some(operation, [
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
      ['gzip, identity', gzipSync],
      ['x-gzip', gzipSync],
    ] as const),
  )('415 unsupported_media_type: %s, never inflated (T31)', async (encoding, compress) => {
    const answer = await send(operation, {
      headers: { 'content-encoding': encoding },
      body: compress(Buffer.from(goodBody(operation))),
    })
    expectRefusal(answer, 'unsupported_media_type', dialect)
  })

  it('415 unsupported_media_type: 10 MB of zeros in 10 kB (T31)', async () => {
    const answer = await send(operation, { headers: { 'content-encoding': 'gzip' }, body: bomb })
    expectRefusal(answer, 'unsupported_media_type', dialect)
  })

  it('411 length_required: chunked, whatever is in it', async () => {
    expectRefusal(await send(operation, { chunked: true }), 'length_required', dialect)
  })

  it('411 length_required: no body at all', async () => {
    const raw = [
      `${operation.method} ${pathOf(operation).replace('$handle', HANDLE).replaceAll(/\$\w+/g, '0'.repeat(32))} HTTP/1.0`,
      `Host: HOST\r\nContent-Type: ${type}\r\nConnection: close\r\n\r\n`,
    ].join('\r\n')
    expectRefusal(await sendRequest({ raw }, port()), 'length_required', dialect)
  })

  it('400 invalid_request: an empty body', async () => {
    expectRefusal(await send(operation, { body: '' }), 'invalid_request', dialect)
  })

  it('400 invalid_request: two bodies', async () => {
    const good = goodBody(operation)
    expectRefusal(await send(operation, { body: `${good}&${good}` }), 'invalid_request', dialect)
  })
})

const padded = ({ recipe }: With<JsonBody>, bytes: number) => JSON.stringify(recipe.body.good).padEnd(bytes, ' ')

/** The good body with raw members before its own: what JSON.stringify cannot write. */
const withMembers = ({ recipe }: With<JsonBody>, members: string) =>
  JSON.stringify(recipe.body.good).replace('{', `{${members},`)

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe.each(jsonBodied)('the JSON of $title', (operation) => {
  const { dialect } = operation.endpoint
  const { good, required, maxBytes } = operation.recipe.body
  const refused = async (body: string | Buffer) =>
    expectRefusal(await send(operation, { body }), 'invalid_request', dialect)

  it('413 payload_too_large: one byte over the limit; at the limit it is read', async () => {
    expectRefusal(await send(operation, { body: padded(operation, maxBytes + 1) }), 'payload_too_large', dialect)
    await succeeds(operation, padded(operation, maxBytes))
  })

  it('400 invalid_request: nested 33 deep, and said so; 30,000 deep all the same (T30)', async () => {
    const deep = await send(operation, { body: withMembers(operation, `"x":${nested(32)}`) })
    expectRefusal(deep, 'invalid_request', dialect)
    expect(JSON.parse(deep.body).detail).toBe('the body is nested deeper than 32 levels')
    const allowed = await send(operation, { body: withMembers(operation, `"x":${nested(31)}`) })
    expect(JSON.parse(allowed.body).detail).toBe('has a field that is not known')
    await refused(nested(30_000))
    await refused('{"x":'.repeat(10_000))
  })

  it.each(
    some(operation, [
      ['a lone byte', Buffer.concat([Buffer.from('{"'), Buffer.from([0xff]), Buffer.from('":1}')])],
      ['an overlong slash', Buffer.concat([Buffer.from('{"'), Buffer.from([0xc0, 0xaf]), Buffer.from('":1}')])],
      ['a surrogate', Buffer.concat([Buffer.from('{"'), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from('":1}')])],
      ['UTF-16', Buffer.from(`\uFEFF${JSON.stringify(good)}`, 'utf16le')],
      ['a byte order mark', Buffer.from(`\uFEFF${JSON.stringify(good)}`)],
    ]),
  )('400 invalid_request: not UTF-8: %s', async (_, body) => refused(body))

  it.each(
    some(operation, [
      ...(required.length > 0 ? ['{}'] : []),
      ...['null', '[]', '[{}]', '"text"', '42', 'true', 'NaN', '{', '{"a":1,}', "{'a':1}", '{a:1}', '\u0000'],
      ...[`${MARKER}`, `{"${MARKER}`, 'target=ledger-api&x=1', '<xml/>', `"${MARKER}"`],
    ]),
  )('400 invalid_request: %s', async (body) => refused(body))

  it('400 invalid_request: a key twice, however it is spelt (T30)', async () => {
    const [key = ''] = Object.keys(good)
    const escaped = `\\u${key.charCodeAt(0).toString(16).padStart(4, '0')}${key.slice(1)}`
    for (const spelling of [key, escaped]) {
      const answer = await send(operation, {
        body: withMembers(operation, `"${spelling}":${JSON.stringify(good[key])}`),
      })
      expectRefusal(answer, 'invalid_request', dialect)
      expect(JSON.parse(answer.body).detail).toBe('the body names a field twice')
    }
    await refused(withMembers(operation, '"x":{"a":1,"a":1}'))
  })

  it.each(['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])(
    '400 invalid_request: the key %s, at the top and below (T30)',
    async (key) => {
      await refused(withMembers(operation, `"${key}":{"roles":["admin"]}`))
      await refused(withMembers(operation, `"x":[{"${key}":1}]`))
    },
  )

  it.each(some(operation, [MARKER, 'Target', 'hasOwnProperty', 'toString', '', ' value', 'x'.repeat(5_000)]))(
    '400 invalid_request: a field that is not known, and is not repeated: %j',
    async (key) => {
      const answer = await send(operation, { body: JSON.stringify({ ...good, [key]: MARKER }) })
      expectRefusal(answer, 'invalid_request', dialect)
      expect(answer.body.length).toBeLessThan(1_000)
    },
  )

  it.each(Object.keys(good))('400 invalid_request: %s of another type', async (key) => {
    const odd = key === operation.recipe.body.judged ? [] : [[[]], { [MARKER]: [] }, [MARKER, 1]]
    for (const value of [null, 1e308, ...odd]) {
      await refused(JSON.stringify({ ...good, [key]: value }))
    }
  })

  it.each(required)('400 invalid_request: %s is missing', async (key) => {
    const { [key]: _, ...rest } = good
    await refused(JSON.stringify(rest))
  })
})

describe.each(formBodied)('the form of $title', (operation) => {
  const { dialect } = operation.endpoint
  const { good, required, maxBytes } = operation.recipe.body
  const pairs = Object.entries(good)
  const more = (raw: string) => `${formText(pairs)}&${raw}`
  const refused = async (body: string | Buffer) =>
    expectRefusal(await send(operation, { body }), 'invalid_request', dialect)

  it('413 payload_too_large: over the limit', async () => {
    const body = more(`pad=${'x'.repeat(maxBytes)}`)
    expectRefusal(await send(operation, { body }), 'payload_too_large', dialect)
  })

  it.each([`${MARKER}=1`, '__proto__=1', 'constructor=1', 'client_id=x', '=1', '&&&', `a=${'['.repeat(10_000)}`])(
    '200: a parameter that is not known is ignored (RFC 6749 §3.2): %#',
    async (raw) => succeeds(operation, more(raw)),
  )

  it.each(required.filter((name) => name !== 'audience'))('400 invalid_request: %s twice', async (name) => {
    await refused(more(formText([[name, good[name] ?? '']])))
    await refused(more(`${name}=`))
  })

  const targets = ['audience=ledger-api', 'resource=https%3A%2F%2Fledger.contoso.example%2F']
  it.each('audience' in good ? targets : [])('400 invalid_target: more than one target: %s', async (raw) =>
    expectRefusal(await send(operation, { body: more(raw) }), 'invalid_target', dialect),
  )

  it.each(required)('400: %s is missing, or empty, which counts as missing', async (missing) => {
    const rest = formText(pairs.filter(([name]) => name !== missing))
    const code = missing === 'audience' ? 'invalid_target' : 'invalid_request'
    expectRefusal(await send(operation, { body: rest }), code, dialect)
    expectRefusal(await send(operation, { body: `${rest}&${missing}=` }), code, dialect)
  })

  it.each([
    ['a percent sign alone', 'x=%'],
    ['half an escape', 'x=%f'],
    ['no hexadecimal', 'x=%zz'],
    ['escapes that are no UTF-8', 'x=%ff'],
    ['an overlong slash', 'x=%c0%af'],
    ['a surrogate', '%ed%a0%80=x'],
    ['more than 64 parameters', Array.from({ length: 64 }, (_, at) => `p${at}=1`).join('&')],
  ])('400 invalid_request: %s', async (_, raw) => refused(more(raw)))

  it.each([
    ['a lone byte', Buffer.concat([Buffer.from('x='), Buffer.from([0xff])])],
    ['UTF-16', Buffer.from(formText(pairs), 'utf16le')],
    ['JSON', Buffer.from(JSON.stringify(good))],
    ['text', Buffer.from(MARKER)],
  ])('400 invalid_request: no form: %s', async (_, body) => refused(body))
})
