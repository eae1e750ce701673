import type { Principal } from '../../identity/principal.ts'
import { lowerAscii } from './claims.ts'
import { compilePattern, type Pattern, patternMatches } from './pattern.ts'
import { expandTemplate } from './template.ts'
import { type Tri, tri } from './tri.ts'

/** A pattern, or the text of one that has to be filled in for each caller. */
export type ResourcePattern = { pattern: Pattern } | { template: string }

/**
 * Key Vault does not tell `Stripe-Key` from `stripe-key`, so neither may a policy: else a forbid on one spelling would be
 * escaped by another. Everything else is compared byte for byte.
 */
export const canonicalResource = (resource: string) =>
  resource.startsWith('secret/') ? lowerAscii(resource) : resource

export function compileResource(text: string): ResourcePattern {
  return text.includes('${') ? { template: text } : { pattern: compilePattern(canonicalResource(text)) }
}

/** `resource` is canonical. A template that cannot be filled in covers anything in its place, as `unknown`. */
export function resourceMatches(wanted: ResourcePattern, resource: string, principal: Principal): Tri {
  if ('pattern' in wanted) return tri(patternMatches(wanted.pattern, resource))
  const expanded = expandTemplate(wanted.template, principal)
  if (!patternMatches(compilePattern(canonicalResource(expanded.text)), resource)) return 'no'
  return expanded.evaluable ? 'yes' : 'unknown'
}
