import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  intersectRanges,
  type Range,
  rangeHolds,
  readAddress,
  readRange,
} from '../../../../shared/policy/match/address.ts'

const range = (text: string) => readRange(text) as Range
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10'].map(range)

describe('addresses', () => {
  it.each([
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.000.000.001',
    '0177.0.0.1',
    '0x7f.0.0.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    'localhost',
    'LOCALHOST',
    'localhost.',
    '127.0.0.1.',
    '127.0.0.1.nip.io',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '0.0.0.0',
    '0',
    '::',
    '64:ff9b::7f00:1',
    '::1%lo',
    '127.0.0.1:80',
    '127.0.0.1/8',
    ' 127.0.0.1',
    '１２７.０.０.１',
    '①②⑦.⓪.⓪.①',
    '10.0.0.1\n',
    '0xa.0.0.1',
    '012.0.0.1',
    '167772161',
    '10.1',
    '010.0.0.1',
    'fe80::1%eth0',
    '',
  ])('T10: %j never satisfies a private range', (spelling) => {
    const address = readAddress(spelling)
    expect(address !== undefined && PRIVATE.some((one) => rangeHolds(one, address))).toBe(false)
  })

  it('T10: an IPv4-mapped address is the IPv4 address', () => {
    for (const text of ['::ffff:10.0.0.1', '::FFFF:a00:1', '0:0:0:0:0:ffff:10.0.0.1']) {
      expect(readAddress(text)?.toString()).toBe('10.0.0.1')
    }
  })

  it('reads canonical addresses and nothing when there is none', () => {
    expect(readAddress('10.1.2.3')?.toString()).toBe('10.1.2.3')
    expect(readAddress('2001:DB8::1')?.toString()).toBe('2001:db8::1')
    expect(readAddress(undefined)).toBeUndefined()
  })

  it.each([
    ['10.0.0.1/8', 'has bits set behind its length'],
    ['2001:db8::1/32', 'has bits set behind its length'],
    ['10.0.0.0/33', 'must not have more than 32 bits'],
    ['::/129', 'must not have more than 128 bits'],
    ['::ffff:10.0.0.0/104', 'must be written as IPv4'],
    ['10.0.0.0/08', 'must be a range like 10.0.0.0/8 or 2001:db8::/32, or one address'],
    ['10.0.0.0/8/8', 'must be a range like 10.0.0.0/8 or 2001:db8::/32, or one address'],
    ['10.0/8', 'must be a range like 10.0.0.0/8 or 2001:db8::/32, or one address'],
    ['localhost', 'must be a range like 10.0.0.0/8 or 2001:db8::/32, or one address'],
  ])('refuses the range %s: %s', (text, fault) => {
    expect(readRange(text)).toBe(fault)
  })

  it('keeps the families apart: 0.0.0.0/0 holds no IPv6 address, ::/0 no IPv4 address', () => {
    const [four, six] = [readAddress('10.0.0.1'), readAddress('2001:db8::1')]
    expect(four && rangeHolds(range('::/0'), four)).toBe(false)
    expect(six && rangeHolds(range('0.0.0.0/0'), six)).toBe(false)
  })

  it('intersects ranges: an address is in the intersection exactly when it is in both lists', () => {
    const cidr = fc.constantFrom(
      '10.0.0.0/8',
      '10.1.0.0/16',
      '10.1.2.0/24',
      '10.1.2.3',
      '192.168.0.0/16',
      '::/0',
      '2001:db8::/32',
    )
    const address = fc.constantFrom('10.1.2.3', '10.1.2.4', '10.1.9.9', '10.9.9.9', '192.168.1.1', '2001:db8::1', '::1')
    const holds = (list: readonly string[], text: string) => {
      const read = readAddress(text)
      return read !== undefined && list.some((one) => rangeHolds(range(one), read))
    }
    fc.assert(
      fc.property(fc.array(cidr), fc.array(cidr), address, (a, b, text) => {
        expect(holds(intersectRanges(a, b), text)).toBe(holds(a, text) && holds(b, text))
      }),
    )
  })
})
