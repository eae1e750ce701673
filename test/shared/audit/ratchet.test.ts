import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { createRatchet, keyIdOf, NO_MAC } from '../../../shared/audit/ratchet.ts'
import { GatewayError } from '../../../shared/errors.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import { MASTER } from './fixtures.ts'

const WID = 'ab'.repeat(16)

test('T25: a key is gone once it was used, and all are when the writer is over', () => {
  const ratchet = createRatchet(MASTER, WID)
  const first = ratchet.mac(NO_MAC, '{}').toString('hex')
  expect(ratchet.mac(NO_MAC, '{}').toString('hex')).toBe(first)
  ratchet.advance()
  expect(ratchet.mac(NO_MAC, '{}').toString('hex')).not.toBe(first)
  ratchet.forget()
  const head = Buffer.alloc(24)
  head.write(WID, 0, 'hex')
  head.writeUInt32BE(1, 20)
  const underZeros = createHmac('sha256', Buffer.alloc(32)).update(head).update(NO_MAC).update('{}').digest('hex')
  expect(ratchet.mac(NO_MAC, '{}').toString('hex')).toBe(underZeros)
})

test('writers of one master have nothing in common, and neither have two masters', () => {
  const mac = (master: Secret, wid: string) => createRatchet(master, wid).mac(NO_MAC, '{}').toString('hex')
  const other = new Secret('y'.repeat(43))
  expect(new Set([mac(MASTER, WID), mac(MASTER, 'cd'.repeat(16)), mac(other, WID)]).size).toBe(3)
  expect(keyIdOf(MASTER)).not.toBe(keyIdOf(other))
  expect(keyIdOf(MASTER)).toMatch(/^[A-Za-z0-9_-]{16}$/)
})

test('503 keys_unavailable: refuses a master that is no key', () => {
  const refusal = new GatewayError('keys_unavailable', 'journal_master_too_short')
  expect(() => createRatchet(new Secret(''), WID)).toThrow(refusal)
  expect(() => keyIdOf(new Secret('short'))).toThrow(refusal)
})
