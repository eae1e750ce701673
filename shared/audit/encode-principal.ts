import type { EntryPrincipal } from './entry.ts'
import { toAscii } from './to-ascii.ts'

type Known = { principal: EntryPrincipal; text: string }

/** By claims: those of a token that was verified before are one frozen object for all its requests. */
const known = new WeakMap<object, Known>()

/**
 * JSON of a principal in printable ASCII, made once for as long as it comes with the same frozen claims: they are most of an
 * entry. INVARIANT: every member is compared, since other members may come with the same claims.
 */
export function encodePrincipal(principal: EntryPrincipal): string {
  const { claims, groups, roles } = principal
  const before = known.get(claims)
  if (before && isSame(before.principal, principal)) return before.text
  const text = toAscii(principal)
  if ([claims, groups, roles].every(Object.isFrozen)) known.set(claims, { principal: { ...principal }, text })
  return text
}

/** A member that is added to the type and not here does not compile. */
const MEMBERS = Object.keys({
  id: true,
  issuerName: true,
  kind: true,
  appId: true,
  tokenId: true,
  boundTo: true,
  partial: true,
  groups: true,
  roles: true,
  claims: true,
} satisfies Record<keyof EntryPrincipal, true>) as (keyof EntryPrincipal)[]

const isSame = (one: EntryPrincipal, other: EntryPrincipal): boolean =>
  MEMBERS.every((name) => one[name] === other[name])
