import ipaddr from 'ipaddr.js'

/**
 * The client's address out of `X-Forwarded-For`, or undefined when it cannot be trusted. Only the right-most
 * `trustedHops` entries were written by proxies of ours; everything left of them is the caller's to fake (T10). The
 * entry that counts is the one our outermost proxy saw. Entries may carry a port; IPv4-mapped addresses are unwrapped.
 */
export function clientAddress(forwardedFor: string | undefined, trustedHops: number): string | undefined {
  if (trustedHops === 0 || !forwardedFor) return undefined
  const hop = forwardedFor.split(',').at(-trustedHops)?.trim()
  return hop === undefined ? undefined : canonicalAddress(withoutPort(hop))
}

function withoutPort(hop: string): string {
  if (hop.startsWith('[')) return hop.slice(1, hop.indexOf(']'))
  const colon = hop.indexOf(':')
  return colon !== -1 && colon === hop.lastIndexOf(':') ? hop.slice(0, colon) : hop
}

/** Four decimal parts only: `0x7f.1`, `127.1` and octal spellings are nobody's way to write an address. */
function canonicalAddress(text: string): string | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(text) && !(text.includes(':') && ipaddr.IPv6.isValid(text))) return undefined
  if (text.includes('%')) return undefined
  return ipaddr.process(text).toString()
}
