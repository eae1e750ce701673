import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hmacOnce } from '../../../shared/audit/hmac.ts'
import { anyText } from './fixtures.ts'

// T25: the journal's MACs are HMAC-SHA256, whatever they are computed with.

test('gives the MAC of RFC 4231, test case 2, for a padded key', () => {
  const key = Buffer.alloc(32)
  key.write('Jefe')
  const mac = hmacOnce(key, Buffer.from('what do ya want '), 'for nothing?')
  expect(mac.toString('hex')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
})

test('gives what node:crypto gives, for every key, head and text', () => {
  const text = fc.oneof(anyText, fc.string({ maxLength: 300 }))
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.uint8Array({ maxLength: 56 }),
      text,
      (key, head, body) => {
        const expected = createHmac('sha256', key).update(head).update(body, 'utf8').digest('hex')
        expect(hmacOnce(key, head, body).toString('hex')).toBe(expected)
      },
    ),
  )
})

test.each([
  ['the longest line', 'x'.repeat(24_000)],
  ['just within the scratch buffer', 'x'.repeat(28_000 - 56)],
  ['one over it', 'x'.repeat(28_000 - 55)],
  ['three bytes a unit', '€'.repeat(12_000)],
  ['a property of Azure, all of three bytes', '€'.repeat(32_768)],
])('gives what node:crypto gives for %s', (_, body) => {
  const key = Buffer.alloc(32, 7)
  const head = Buffer.alloc(56, 9)
  const expected = createHmac('sha256', key).update(head).update(body, 'utf8').digest('hex')
  expect(hmacOnce(key, head, body).toString('hex')).toBe(expected)
})
