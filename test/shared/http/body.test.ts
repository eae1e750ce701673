import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { GatewayError } from '../../../shared/errors.ts'
import { readForm, readJson } from '../../../shared/http/body.ts'
import { gatewayRequest } from '../../support/gateway-request.ts'

const Schema = z.strictObject({ name: z.string(), tags: z.record(z.string(), z.string()).optional() })
const JSON_TYPE = { 'content-type': 'application/json' }
const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }

async function refusal(act: Promise<unknown>): Promise<{ code: string; detail?: string | undefined }> {
  const error = await act.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof GatewayError)) return { code: 'accepted' }
  return { code: error.code, detail: error.extras.detail }
}

const json = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
  refusal(readJson(gatewayRequest({ body, headers: { ...JSON_TYPE, ...headers } }), Schema))

describe('readJson', () => {
  it.each([
    ['{"name":"a","name":"b"}', 'invalid_request'],
    ['{"name":"a","other":1}', 'invalid_request'],
    ['{"name":1}', 'invalid_request'],
    ['[]', 'invalid_request'],
    ['null', 'invalid_request'],
    ['', 'invalid_request'],
    [`{"name":${'['.repeat(100_00)}${']'.repeat(100_00)}}`, 'invalid_request'],
    ['{"name":"a","__proto__":{"roles":["admin"]}}', 'invalid_request'],
    [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'invalid_request'],
    [`{"name":"${'x'.repeat(70_000)}"}`, 'payload_too_large'],
  ])('refuses %# as %s (T30)', async (body, code) => {
    expect((await json(body)).code).toBe(code)
  })

  it('415 unsupported_media_type: a compressed body is never inflated (T31)', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    expect((await json(bomb, { 'content-encoding': 'gzip' })).code).toBe('unsupported_media_type')
  })

  it.each(['text/plain', 'application/json; charset=utf-16', '', 'application/jsonp'])(
    '415 unsupported_media_type: %s',
    async (type) => {
      expect((await json('{"name":"a"}', { 'content-type': type })).code).toBe('unsupported_media_type')
    },
  )

  it.each(['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"'])(
    'accepts %s',
    async (type) => {
      expect((await json('{"name":"a"}', { 'content-type': type })).code).toBe('accepted')
    },
  )

  it('411 length_required: a chunked body, which the host delivers empty', async () => {
    expect((await json('', { 'transfer-encoding': 'chunked', 'content-length': '' })).code).toBe('length_required')
  })

  it('413 payload_too_large by the Content-Length alone, before the body is read', async () => {
    let read = false
    const request = gatewayRequest({ headers: { ...JSON_TYPE, 'content-length': '65537' } })
    request.body = async () => {
      read = true
      return new Uint8Array()
    }
    expect((await refusal(readJson(request, Schema))).code).toBe('payload_too_large')
    expect(read).toBe(false)
  })

  it('never echoes what was sent, whatever was sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 12 }), async (canary) => {
        const key = `canary${Buffer.from(canary).toString('hex')}`
        const bodies = [
          { [key]: 1 },
          { name: { [key]: 1 } },
          { name: [key] },
          { name: 'a', tags: { '<script>': { [key]: 1 } } },
        ]
        for (const body of bodies)
          expect((await json(JSON.stringify(body))).detail ?? '').not.toMatch(new RegExp(`${key}|<`))
      }),
      { numRuns: 50 },
    )
  })
})

const form = (body: string | Uint8Array, headers: Record<string, string> = {}) =>
  readForm(gatewayRequest({ body, headers: { ...FORM_TYPE, ...headers } }))

describe('readForm (RFC 6749 §3.2)', () => {
  it('gives parameters, those without a value counting as absent', async () => {
    expect([...(await form('a=1&b=&c=%C3%A9+x'))]).toEqual([
      ['a', '1'],
      ['c', 'é x'],
    ])
  })

  it.each(['a=1&a=2', 'a=&a=1', 'a=%zz', 'a=%C3', 'a=%', Array.from({ length: 65 }, (_, i) => `p${i}=1`).join('&')])(
    'refuses %# as invalid_request',
    async (body) => {
      expect((await refusal(form(body))).code).toBe('invalid_request')
    },
  )

  it('415 unsupported_media_type: JSON instead of a form', async () => {
    expect((await refusal(form('{}', JSON_TYPE))).code).toBe('unsupported_media_type')
  })
})
