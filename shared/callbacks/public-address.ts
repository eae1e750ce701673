import ipaddr from 'ipaddr.js'

/** Global unicast of IPv6 (RFC 4291): everything else is local, a tunnel, or leads to IPv4 by another name. */
const GLOBAL_V6 = ipaddr.IPv6.parseCIDR('2000::/3')
/** Azure's own host on every virtual network: reached from inside alone, though the range is a public one. */
const PLATFORM = '168.63.129.16'

/** Whether an address is one on the public Internet; false for whatever is no address. */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false
  const address = ipaddr.parse(text)
  if (address.range() !== 'unicast') return false
  if (address.kind() === 'ipv4') return address.toString() !== PLATFORM
  return address.match(GLOBAL_V6)
}
