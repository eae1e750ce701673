import type { Principal } from '../identity/principal.ts'
import type { Action } from './actions.ts'
import type { Snapshot } from './snapshot.ts'

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
    permissions.push({
      statement: statement.id,
      actions: [...statement.actions].sort(),
      resources: statement.patterns,
      conditional: statement.conditions.length > 0,
      ...(statement.breakGlass && { breakGlass: true }),
    })
  }
  return permissions.sort((one, other) => (one.statement < other.statement ? -1 : 1))
}
