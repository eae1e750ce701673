import { describe, expect, it } from 'vitest'
import { clientAddress } from '../../../shared/http/client-address.ts'

describe('clientAddress (T10)', () => {
  it.each([
    ['10.0.0.1, 203.0.113.9:51234', 1, '203.0.113.9'],
    ['10.0.0.1,198.51.100.4,203.0.113.9', 2, '198.51.100.4'],
    ['203.0.113.9', 1, '203.0.113.9'],
    ['[2001:db8::1]:443', 1, '2001:db8::1'],
    ['2001:DB8:0:0::1', 1, '2001:db8::1'],
    ['::ffff:203.0.113.9', 1, '203.0.113.9'],
    ['[::ffff:203.0.113.9]:80', 1, '203.0.113.9'],
  ])('of %s with %i hops is %s', (header, hops, address) => {
    expect(clientAddress(header, hops)).toBe(address)
  })

  it.each([
    ['10.0.0.1', 0],
    ['10.0.0.1', 2],
    [undefined, 1],
    ['', 1],
    ['unknown', 1],
    ['10.0.0.1, ', 1],
    ['0x7f.1', 1],
    ['127.1', 1],
    ['0177.0.0.1', 1],
    ['2130706433', 1],
    ['fe80::1%eth0', 1],
    ['10.0.0.1.evil', 1],
    ['[10.0.0.1', 1],
  ])('of %s with %i hops is unknown', (header, hops) => {
    expect(clientAddress(header, hops)).toBeUndefined()
  })
})
