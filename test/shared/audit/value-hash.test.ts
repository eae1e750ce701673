import { createHash, createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { hashToken } from '../../../shared/audit/token-hash.ts'
import { createValueHasher } from '../../../shared/audit/value-hash.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { Secret } from '../../../shared/secrets/secret.ts'

const KEY = 'k'.repeat(43)

test('gives HMAC-SHA256 of the value under the key, base64url', () => {
  const hashValue = createValueHasher(new Secret(KEY))
  const expected = createHmac('sha256', KEY).update('pässword\n', 'utf8').digest('base64url')
  expect(hashValue(new Secret('pässword\n', 'secret/main/x'))).toBe(expected)
})

test('T18: neither value nor key shows in the hasher', () => {
  const hashValue = createValueHasher(new Secret(KEY))
  expect(inspect(hashValue, { depth: 9, showHidden: true }) + String(hashValue)).not.toContain(KEY)
})

test('refuses a key that is none', () => {
  expect(() => createValueHasher(new Secret(''))).toThrow(new GatewayError('keys_unavailable', 'value_hmac_too_short'))
})

test('a token is kept as SHA-256 of its text, base64url', () => {
  expect(hashToken('a.b.c')).toBe(createHash('sha256').update('a.b.c').digest('base64url'))
})
