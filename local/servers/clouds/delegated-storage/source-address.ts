import { isIPv4 } from 'node:net'

/** True when the IPv4 address is the one of `sip`, or in its range, both ends in it; false for a `sip` that is neither. */
export function isFrom(address: string, sip: string): boolean {
  const [first = '', last = first, ...more] = sip.split('-')
  if (more.length > 0 || ![address, first, last].every(isIPv4)) return false
  return numberOf(first) <= numberOf(address) && numberOf(address) <= numberOf(last)
}

const numberOf = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
