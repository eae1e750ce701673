import { describe, expect, it } from 'vitest'
import { isFrom } from '../../../../../local/servers/clouds/delegated-storage/source-address.ts'

describe('the address of a SAS', () => {
  it.each([
    ['10.0.0.7', '10.0.0.7', true],
    ['10.0.0.8', '10.0.0.7', false],
    ['10.0.0.0', '10.0.0.0-10.0.1.255', true],
    ['10.0.1.255', '10.0.0.0-10.0.1.255', true],
    ['10.0.0.255', '10.0.0.9-10.0.1.1', true],
    ['9.255.255.255', '10.0.0.0-10.0.1.255', false],
    ['10.0.2.0', '10.0.0.0-10.0.1.255', false],
    ['200.0.0.1', '128.0.0.0-255.255.255.255', true],
    ['10.0.0.7', '10.0.0.0/8', false],
    ['10.0.0.7', '', false],
    ['10.0.0.7', '10.0.0.0-10.0.0.9-10.0.0.12', false],
    ['::1', '::1', false],
  ])('%s under %s: %s', (address, sip, expected) => {
    expect(isFrom(address, sip)).toBe(expected)
  })
})
