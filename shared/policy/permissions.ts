import type { Principal } from '../identity/principal.ts'
import type { Action } from './actions.ts'
import { intersectPatterns } from './match/intersect.ts'
import { expandTemplate } from './match/template.ts'
import type { Snapshot } from './snapshot.ts'
import type { Statement } from './statement.ts'

/** What a permit offers: actions on resource patterns, as its author wrote them. */
export type Permission = {
  statement: string
  actions: readonly Action[]
  resources: readonly string[]
  conditional: boolean
  /** For emergencies alone: through a break-glass grant. */
  breakGlass?: true
}

/**
 * The enforced permits that are about the caller and in force at `now` (milliseconds): what it may do at most. Forbids and
 * conditions are decided at each request, so this is for a reader, never a decision.
 */
export function permissionsOf(principal: Principal, snapshot: Snapshot, now: number): Permission[] {
  const permissions: Permission[] = []
  for (const { statement, byPrincipal } of snapshot.candidates(principal)) {
    if (byPrincipal !== 'yes' || statement.effect !== 'permit' || statement.reportOnly) continue
    if (now < statement.notBefore || now >= statement.expires) continue
    const within = narrowed(statement, principal)
    if (!within) continue
    permissions.push({
      statement: statement.id,
      ...within,
      conditional: statement.conditions.length > 0,
      ...(statement.breakGlass && { breakGlass: true }),
    })
  }
  return permissions.sort((one, other) => (one.statement < other.statement ? -1 : 1))
}

/** What of a permit lies within the grant that the caller came through, if it came through one. */
function narrowed(
  { actions, patterns }: Statement,
  principal: Principal,
): Pick<Permission, 'actions' | 'resources'> | undefined {
  const sorted = [...actions].sort()
  const offers = principal.through?.offers
  if (!offers) return principal.through ? undefined : { actions: sorted, resources: patterns }
  const common = sorted.filter((action) => offers.actions.includes(action))
  const resources = patterns.flatMap((text) => {
    const { text: pattern, evaluable } = expandTemplate(text, principal)
    return evaluable ? offers.resources.flatMap((offered) => intersectPatterns(pattern, offered) ?? [offered]) : []
  })
  return common.length > 0 && resources.length > 0 ? { actions: common, resources: [...new Set(resources)] } : undefined
}
