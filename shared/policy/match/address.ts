import ipaddr from 'ipaddr.js'

export type Address = ipaddr.IPv4 | ipaddr.IPv6
export type Range = [Address, number]

const KIND = { 4: 'ipv4', 6: 'ipv6' } as const

/** Reads `10.0.0.0/8`, `2001:db8::/32` or a single address; a string says what is wrong with it. */
export function readRange(text: string): Range | string {
  const [address = '', bits, ...more] = text.split('/')
  const parsed = readStrictly(address)
  if (!parsed || more.length > 0 || (bits !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(bits))) {
    return 'must be a range like 10.0.0.0/8 or 2001:db8::/32, or one address'
  }
  const whole = parsed.kind() === KIND[4] ? 32 : 128
  const length = bits === undefined ? whole : Number(bits)
  if (length > whole) return `must not have more than ${whole} bits`
  if (parsed.kind() === KIND[6] && (parsed as ipaddr.IPv6).isIPv4MappedAddress()) return 'must be written as IPv4'
  return hostBitsAreZero(parsed, length) ? [parsed, length] : 'has bits set behind its length'
}

/**
 * The client's address as the request's context holds it; undefined for anything but the two canonical ways to write
 * one (`127.1`, `0x7f000001`, `2130706433`, `[::1]`, `localhost` are none). IPv4-mapped IPv6 is IPv4 (T10).
 */
export function readAddress(text: string | undefined): Address | undefined {
  const parsed = text === undefined ? undefined : readStrictly(text)
  if (parsed?.kind() !== KIND[6]) return parsed
  const v6 = parsed as ipaddr.IPv6
  return v6.isIPv4MappedAddress() ? v6.toIPv4Address() : v6
}

/** False for an address of the other family: a v4 range says nothing about v6. */
export function rangeHolds([base, bits]: Range, address: Address): boolean {
  return base.kind() === address.kind() && address.match(base as never, bits)
}

/** What both lists allow; pairs of ranges either nest or are disjoint. Texts in, texts out, sorted. */
export function intersectRanges(a: readonly string[], b: readonly string[]): string[] {
  const common = new Set<string>()
  for (const one of a) {
    for (const other of b) {
      if (within(one, other)) common.add(one)
      else if (within(other, one)) common.add(other)
    }
  }
  return [...common].sort()
}

/**
 * The one IPv4 address or range that the list is, by its ends; undefined when it is more, less or another family. What can
 * keep no more than that (`sip` of a SAS) is told so by it.
 */
export function ipv4Span(ranges: readonly string[]): { start: string; end?: string } | undefined {
  const [range, ...more] = ranges
  if (range === undefined || more.length > 0 || range.includes(':')) return undefined
  const cidr = range.includes('/') ? range : `${range}/32`
  if (!ipaddr.IPv4.isValidCIDR(cidr)) return undefined
  const start = ipaddr.IPv4.networkAddressFromCIDR(cidr).toString()
  const end = ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString()
  return start === end ? { start } : { start, end }
}

function within(inner: string, outer: string): boolean {
  const [small, large] = [readRange(inner), readRange(outer)]
  if (typeof small === 'string' || typeof large === 'string') return false
  return small[1] >= large[1] && rangeHolds(large, small[0])
}

function readStrictly(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text)
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined
  return ipaddr.IPv6.parse(text)
}

function hostBitsAreZero(address: Address, length: number): boolean {
  const bits = address
    .toByteArray()
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  return !bits.slice(length).includes('1')
}
