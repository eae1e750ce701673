import type { Principal } from '../../identity/principal.ts'
import { lowerAscii } from './claims.ts'
import { compilePattern, type Pattern, patternMatches } from './pattern.ts'
import { expandTemplate } from './template.ts'
import { type Tri, tri } from './tri.ts'

export type ResourceTest = (resource: string, principal: Principal) => Tri

/**
 * Key Vault does not tell `Stripe-Key` from `stripe-key`, so neither may a policy: else a forbid on one spelling would be
 * escaped by another. Everything else is compared byte for byte.
 */
export const canonicalResource = (resource: string) => (/^secret\//.test(resource) ? lowerAscii(resource) : resource)

/** Compiles one resource pattern. A template that cannot be filled in covers anything in its place, as `unknown`. */
export function compileResource(text: string): ResourceTest {
  if (!text.includes('${')) {
    const pattern = compilePattern(canonicalResource(text))
    return (resource) => tri(patternMatches(pattern, resource))
  }
  return (resource, principal) => {
    const expanded = expandTemplate(text, principal)
    const pattern: Pattern = compilePattern(canonicalResource(expanded.text))
    if (!patternMatches(pattern, resource)) return 'no'
    return expanded.evaluable ? 'yes' : 'unknown'
  }
}
