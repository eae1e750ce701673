import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJwt } from '../../../shared/identity/jwt.ts'
import { isRefused } from '../../../shared/identity/refusal.ts'
import { createDoor, KEY, outcome } from './support/door.ts'
import { base64url, entraClaims, signRaw, token } from './support/tokens.ts'

const good = token(entraClaims(), KEY)
const [header = '', payload = '', signature = ''] = good.split('.')

const refusalOf = (text: string) => {
  const parsed = parseJwt(text)
  return isRefused(parsed) ? parsed.refused : 'parsed'
}

describe('parseJwt: exactly one text per token (F2, RFC 8725bis)', () => {
  it.each([
    ['a space inside', `${header}.${payload.slice(0, 9)} ${payload.slice(9)}.${signature}`],
    ['a newline at the end', `${good}\n`],
    ['padding', `${header}.${payload}.${signature}==`],
    ['the other alphabet', `${header}.${payload}.${signature.slice(0, -2)}+/`],
    ['stray trailing bits', `${header}.${payload}.${strayBits(signature)}`],
    ['two parts', `${header}.${payload}`],
    ['four parts', `${good}.${signature}`],
    ['five parts (JWE)', `${header}..${payload}.${signature}.${signature}`],
    ['an empty signature', `${header}.${payload}.`],
    ['an empty header', `.${payload}.${signature}`],
    ['JSON instead of the compact form', JSON.stringify({ payload, protected: header, signature })],
    ['a NUL', `${header}\0.${payload}.${signature}`],
    ['letters that only look like base64url', `${header}.${payload}.ａｂｃｄ`],
    ['nothing', ''],
    ['16 KiB of dots', '.'.repeat(16_384)],
  ])('refuses %s', (_, text) => {
    expect(refusalOf(text)).toBe('token_not_jwt')
  })

  it.each([
    ['a duplicate key in the header', '{"alg":"RS256","kid":"key-1","alg":"none"}', '{}'],
    ['a duplicate key in the payload', '{"alg":"RS256"}', '{"iss":"a","iss":"b"}'],
    ['a duplicate key written with an escape', '{"alg":"RS256"}', '{"iss":"a","\\u0069ss":"b"}'],
    ['__proto__', '{"alg":"RS256"}', '{"__proto__":{"roles":["admin"]}}'],
    ['a nested header', '{"alg":{"a":{"b":1}}}', '{}'],
    ['a payload 17 deep', '{"alg":"RS256"}', `{"a":${'['.repeat(16)}${']'.repeat(16)}}`],
    ['an array as payload', '{"alg":"RS256"}', '[]'],
    ['null as header', 'null', '{}'],
    ['text behind the object', '{"alg":"RS256"}', '{} x'],
    ['a byte order mark', '{"alg":"RS256"}', '\ufeff{}'],
  ])('refuses %s', (_, head, body) => {
    expect(refusalOf(`${base64url(head)}.${base64url(body)}.${signature}`)).toBe('token_not_json')
  })

  it('refuses bytes that are not UTF-8 instead of replacing them', () => {
    const body = base64url(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))
    expect(refusalOf(`${header}.${body}.${signature}`)).toBe('token_not_json')
  })

  it('never throws, whatever the text', () => {
    const dotted = fc.string({ unit: fc.constantFrom(...'eyJhbGci.._-09{}') })
    const anything = fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units))
    fc.assert(
      fc.property(fc.oneof(anything, dotted), (text) => {
        expect(isRefused(parseJwt(text))).toBe(true)
      }),
    )
  })
})

describe('T29: the cap of 16 KiB', () => {
  it('refuses 16 KiB and one character before looking at it', () => {
    expect(refusalOf('A'.repeat(16_385))).toBe('token_too_long')
    expect(refusalOf('A'.repeat(16_384))).toBe('token_not_jwt')
  })

  it('passes a token just under 16 KiB', async () => {
    const text = token(entraClaims({ filler: 'x'.repeat(11_200) }), KEY)
    expect(text.length).toBeGreaterThan(15_500)
    expect(text.length).toBeLessThan(16_384)
    expect(await outcome(createDoor(), text)).toBe('passed')
  })
})

describe('byte-altered copies of a valid token', () => {
  it('are refused wherever the byte is', async () => {
    const door = createDoor()
    await door.authenticate(good)
    const alphabet = [...'ABCxyz019-_.= +/\n\u00e4']
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.constantFrom(...alphabet), async (at, char) => {
        fc.pre(good[at] !== char)
        const altered = good.slice(0, at) + char + good.slice(at + 1)
        expect(await outcome(door, altered)).toMatch(/^invalid_token /)
      }),
      { numRuns: 400 },
    )
  })

  it('are refused when bytes come or go', async () => {
    const door = createDoor()
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length), fc.constantFrom('A', '.', '=', ' ', ''), async (at, char) => {
        const altered = good.slice(0, at) + char + good.slice(char ? at : at + 1)
        fc.pre(altered !== good)
        expect(await outcome(door, altered)).toMatch(/^invalid_token /)
      }),
      { numRuns: 200 },
    )
  })

  it('are refused when signed header members are reordered', async () => {
    const reordered = signRaw({ kid: KEY.kid, alg: 'RS256', typ: 'JWT' }, entraClaims(), KEY)
    const [otherHeader] = reordered.split('.')
    expect(await outcome(createDoor(), reordered)).toBe('passed')
    expect(await outcome(createDoor(), `${otherHeader}.${payload}.${signature}`)).toBe(
      'invalid_token signature_invalid',
    )
  })
})

/** Same bytes, other last character: 2,048-bit signatures leave four spare bits in it. */
function strayBits(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(text.at(-1) ?? '')
  const other = text.slice(0, -1) + alphabet[last + 1]
  if (!Buffer.from(other, 'base64url').equals(Buffer.from(text, 'base64url'))) throw new Error('not the same bytes')
  return other
}
