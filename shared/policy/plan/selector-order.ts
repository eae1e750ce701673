import { canonicalJson } from '../documents/canonical-json.ts'
import type { PrincipalSelector } from '../documents/principals.ts'
import { compilePattern } from '../match/pattern.ts'
import { SUBJECT_SEPARATORS } from '../match/principals.ts'
import { patternCovers, patternsMeet } from './pattern-order.ts'

type Effect = 'permit' | 'forbid'
type Oidc = NonNullable<PrincipalSelector['oidc']>

/**
 * Whether `outer` surely is about everybody whom `inner` is about. In a permit that means `yes` wherever `inner` says so; in a
 * forbid, that it never says `no` where `inner` says `yes` or cannot tell.
 */
export function selectorCovers(outer: PrincipalSelector, inner: PrincipalSelector, effect: Effect): boolean {
  if (outer.any || canonicalJson(outer) === canonicalJson(inner)) return true
  if (!outer.oidc || !inner.oidc || outer.oidc.issuer !== inner.oidc.issuer) return false
  return patternCovers(subjectOf(outer.oidc), subjectOf(inner.oidc)) && claimsCover(outer.oidc, inner.oidc, effect)
}

/** Whether one caller may be meant by both, the one in a permit; true also where that cannot be told. */
export function selectorsMeet(a: PrincipalSelector, b: PrincipalSelector): boolean {
  if (a.any || b.any) return true
  if (a.oidc && b.oidc) return a.oidc.issuer === b.oidc.issuer && patternsMeet(subjectOf(a.oidc), subjectOf(b.oidc))
  if (!a.entra || !b.entra || a.entra.tenant !== b.entra.tenant) return false
  const differ = (way: 'objectId' | 'appId') =>
    a.entra?.[way] !== undefined && b.entra?.[way] !== undefined && a.entra[way] !== b.entra[way]
  return !differ('objectId') && !differ('appId')
}

/** Whether it never answers that it cannot tell. */
export const isCertain = ({ any, entra, oidc }: PrincipalSelector): boolean =>
  any === true || entra?.objectId !== undefined || (oidc !== undefined && oidc.claims === undefined)

/** The narrower of two that meet: whom both are about is among them. */
export const narrower = (a: PrincipalSelector, b: PrincipalSelector): PrincipalSelector =>
  selectorCovers(a, b, 'permit') ? b : a

const subjectOf = ({ subject }: Oidc) => compilePattern(subject, SUBJECT_SEPARATORS)

// A forbid with a claim that cannot be evaluated applies whatever its other claims say: fewer or wider claims may lose that.
function claimsCover({ claims: outer }: Oidc, { claims: inner }: Oidc, effect: Effect): boolean {
  if (outer === undefined) return true
  if (effect === 'forbid') return canonicalJson(outer) === canonicalJson(inner)
  return wantedClaimsCover(outer, inner ?? {})
}

type Claims = Readonly<Record<string, string | number | boolean>>

/** Whether what `inner` asks of claims surely is enough for what `outer` asks. */
export function wantedClaimsCover(outer: Claims, inner: Claims): boolean {
  return Object.entries(outer).every(([name, wanted]) => {
    const asked = Object.hasOwn(inner, name) ? inner[name] : undefined
    if (typeof wanted !== 'string' || typeof asked !== 'string') return wanted === asked
    return patternCovers(compilePattern(wanted), compilePattern(asked))
  })
}
