import type { Action } from '../policy/actions.ts'
import { compilePattern, patternMatches } from '../policy/match/pattern.ts'
import { canonicalResource } from '../policy/match/resource.ts'
import type { AccessContext } from './access-context.ts'

/** What its holder does with the grant itself; `actions` limits what is done through it. */
const WITH_IT: ReadonlySet<string> = new Set<Action>(['grant:read', 'grant:revoke'])
/** Handing on and renewing stay within its resources, and need the root's live permit. */
const OF_IT: ReadonlySet<string> = new Set<Action>(['grant:create', 'grant:delegate'])

/** Whether the act is about the grant itself and not through it: then it takes no use. */
export const isManagement = (action: string, resource: string, id: string) =>
  OF_IT.has(action) || (WITH_IT.has(action) && resource === `grant/${id}`)

/** `covers` of a chain: every grant of it must include the act, so a child never reaches what its parent does not (T13). */
export function coversOf(chain: readonly AccessContext[]): (action: string, resource: string) => boolean {
  const masks = chain.map(({ terms }) => ({
    actions: new Set<string>(terms.actions),
    patterns: terms.resources.map((text) => compilePattern(text)),
  }))
  const presented = chain.at(-1)?.terms.id ?? ''
  return (action, resource) => {
    if (WITH_IT.has(action) && resource === `grant/${presented}`) return true
    const canonical = canonicalResource(resource)
    return masks.every(
      ({ actions, patterns }) =>
        (OF_IT.has(action) || actions.has(action)) && patterns.some((pattern) => patternMatches(pattern, canonical)),
    )
  }
}
