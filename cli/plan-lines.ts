import type { PrincipalSelector } from '../shared/policy/documents/principals.ts'
import type { PlannedChange } from '../shared/policy/plan/plan.ts'
import type { Widening } from '../shared/policy/plan/widening.ts'

const SIGNS: Record<PlannedChange['state'], string> = {
  create: '+',
  update: '~',
  remove: '-',
  same: ' ',
  left_alone: '.',
  conflict: '!',
}

/** What would happen to each document, unchanged ones left out. */
export function changeLines(changes: readonly PlannedChange[]): string[] {
  return changes
    .filter(({ state }) => state !== 'same')
    .flatMap(({ state, kind, id, manager, because, differences = [] }) => {
      const whose = state === 'left_alone' ? ` is left alone: manager ${manager}` : because ? `: ${because}` : ''
      const fields = differences.map(
        ({ pointer, before, after }) => `      ${pointer}: ${spoken(before)} → ${spoken(after)}`,
      )
      return [`  ${SIGNS[state]} ${kind}/${id}${whose}`, ...fields]
    })
}

const spoken = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value))

export function wideningLines(widenings: readonly Widening[]): string[] {
  return widenings.map(({ kind, document, because, principals, actions, resources }) => {
    const what = actions.length > 0 ? `: ${actions.join(', ')} on ${resources.join(', ')}` : ''
    return `  ${document} (${kind}): ${because}${what}; for ${listed(principals.map(whom))}`
  })
}

const listed = (names: readonly string[]) =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ')

function whom({ entra, oidc }: PrincipalSelector): string {
  if (oidc) return `${oidc.issuer} ${oidc.subject}${oidc.claims ? ' with claims' : ''}`
  if (!entra) return 'everybody'
  const { tenant, ...way } = entra
  return Object.entries(way)
    .map(([name, value]) => `${name} ${value} of ${tenant}`)
    .join()
}
