import { describe, expect, it } from 'vitest'
import { readKeySet } from '../../../shared/identity/key-set.ts'
import { CONTOSO, createDoor, EC, GITHUB, jwksUri, KEY, outcome } from './support/door.ts'
import { entraClaims, oidcClaims, rsaKey, token } from './support/tokens.ts'

const RULES = { algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'] } as const
const OTHER = rsaKey('key-1')
const state = (jwk: unknown) => {
  const key = readKeySet({ keys: [jwk] }, RULES)?.get('key-1')
  return typeof key === 'object' ? key.algorithm : key
}

describe('readKeySet: one algorithm per key (RFC 8725 §3.1)', () => {
  it.each([
    ['the one it names', { ...KEY.jwk, alg: 'PS256' }, 'PS256'],
    ['the first of the issuer that fits, where it names none', KEY.jwk, 'RS256'],
    ['that of its curve', { ...EC.jwk, kid: 'key-1' }, 'ES256'],
    ['EdDSA', { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'key-1' }, 'EdDSA'],
  ])('binds %s', (_, jwk, algorithm) => {
    expect(state(jwk)).toBe(algorithm)
  })

  it.each([
    ['RSA of 1,024 bits', rsaKey('key-1', 1_024).jwk],
    ['e = 1', { ...KEY.jwk, e: 'AQ' }],
    ['e = 3', { ...KEY.jwk, e: 'Aw' }],
    ['an even exponent', { ...KEY.jwk, e: 'AQAC' }],
    ['a huge exponent', { ...KEY.jwk, e: 'AQAAAAE' }],
    ['no exponent', { ...KEY.jwk, e: undefined }],
    ['a modulus of zeroes', { ...KEY.jwk, n: Buffer.alloc(256).toString('base64url') }],
    ['2,047 bits', { ...KEY.jwk, n: Buffer.alloc(256, 0x7f).toString('base64url') }],
    ['16,384 bits', { ...KEY.jwk, n: Buffer.alloc(2_048, 0xff).toString('base64url') }],
    ['for encryption', { ...KEY.jwk, use: 'enc' }],
    ['for signing only', { ...KEY.jwk, key_ops: ['sign'] }],
    ['with its private part', { ...KEY.jwk, d: 'AQAB' }],
    ['symmetric', { kty: 'oct', k: 'AQAB', kid: 'key-1', alg: 'HS256' }],
    ['for an algorithm the issuer does not use', { ...KEY.jwk, alg: 'RS512' }],
    ['for an algorithm of another type', { ...KEY.jwk, alg: 'ES256' }],
    ['for a symmetric algorithm', { ...KEY.jwk, alg: 'HS256' }],
    ['on another curve', { kty: 'EC', crv: 'secp256k1', x: 'AQAB', y: 'AQAB', kid: 'key-1' }],
    ['of no type', { kid: 'key-1' }],
  ])('verifies nothing with a key that is %s', (_, jwk) => {
    expect(state(jwk)).toBe('unusable')
  })

  it('verifies nothing with a kid that stands for two keys, and takes the same key twice for one', () => {
    expect(readKeySet({ keys: [KEY.jwk, OTHER.jwk] }, RULES)?.get('key-1')).toBe('unusable')
    expect(readKeySet({ keys: [KEY.jwk, OTHER.jwk, KEY.jwk] }, RULES)?.get('key-1')).toBe('unusable')
    expect(readKeySet({ keys: [KEY.jwk, { ...KEY.jwk }] }, RULES)?.get('key-1')).toBeTypeOf('object')
  })

  it('ignores members without a plain kid', () => {
    const odd = [undefined, null, 7, 'a\nb', '', 'x'.repeat(129)].map((kid) => ({ ...KEY.jwk, kid }))
    expect(readKeySet({ keys: [...odd, null, 'key', [KEY.jwk]] }, RULES)?.size).toBe(0)
  })

  it('keeps the object of a key that stayed, and makes a new one when it was unusable before', () => {
    const first = readKeySet({ keys: [KEY.jwk] }, RULES)
    const again = readKeySet({ keys: [{ ...KEY.jwk, x5t: 'new' }, EC.jwk] }, RULES, first)
    expect(again?.get('key-1')).toBe(first?.get('key-1'))
    const bad = readKeySet({ keys: [{ ...KEY.jwk, use: 'enc' }] }, RULES, first)
    expect(bad?.get('key-1')).toBe('unusable')
    expect(readKeySet({ keys: [KEY.jwk] }, RULES, bad)?.get('key-1')).toBeTypeOf('object')
  })

  it.each([
    ['nothing', undefined],
    ['a list', [KEY.jwk]],
    ['no keys', {}],
    ['keys as an object', { keys: { a: KEY.jwk } }],
    ['101 keys', { keys: Array.from({ length: 101 }, (_, n) => ({ ...KEY.jwk, kid: `k${n}` })) }],
  ])('takes %s for no key set', (_, document) => {
    expect(readKeySet(document, RULES)).toBeUndefined()
  })
})

describe('what an issuer publishes', () => {
  const publishing = async (document: unknown) => {
    const door = createDoor()
    door.documents.set(jwksUri(CONTOSO.issuer), document)
    return outcome(door, token(entraClaims(), KEY))
  }

  it('401 key_unusable for a weak key, without asking again', async () => {
    expect(await publishing({ keys: [{ ...KEY.jwk, e: 'AQ' }] })).toBe('invalid_token key_unusable')
  })

  it('401 key_unusable for numbers that are no key', async () => {
    const door = createDoor()
    door.documents.set(jwksUri(GITHUB.issuer), { keys: [{ ...EC.jwk, x: 'AQAB', y: 'AQAB' }] })
    expect(await outcome(door, token(oidcClaims(), EC))).toBe('invalid_token key_unusable')
  })

  it('503 for an empty set: all keys withdrawn, nothing can be verified', async () => {
    expect(await publishing({ keys: [] })).toBe('issuer_unavailable issuer_has_no_keys')
  })

  it('503 for rubbish', async () => {
    for (const document of ['<html>', { error: 'x' }, null, { keys: 'none' }]) {
      expect(await publishing(document)).toBe('issuer_unavailable issuer_unreachable')
    }
  })
})
