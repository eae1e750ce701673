import type { Case } from '../matrix.ts'
import type { Resource, Snapshot } from '../snapshot.ts'

/** Looks at everything a deployment would create and gives a sentence for each fault; pure. */
export type Rule = (snapshot: Snapshot, of: Properties) => string[]
export type Properties = Pick<Case, 'network' | 'assignRoles' | 'vaultAccess' | 'options'>

export const ofType = ({ predictedResources }: Snapshot, type: string): Resource[] =>
  predictedResources.filter((resource) => resource.type === type)

/** A member deep inside, by dots; undefined where a part is absent. */
export function at(resource: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], resource)
}

/** What must be so in one resource, by path; a fault says what is and what it should be. */
export function mustBe(resource: Resource, wanted: Record<string, unknown>): string[] {
  return Object.entries(wanted)
    .filter(([path, value]) => JSON.stringify(at(resource, path)) !== JSON.stringify(value))
    .map(
      ([path, value]) =>
        `${resource.type} ${resource.name}: ${path} is ${JSON.stringify(at(resource, path))}, set it to ${JSON.stringify(value)}`,
    )
}

/** So many of a type, or the rules about it would hold of nothing. */
export function count(snapshot: Snapshot, type: string, wanted: number): string[] {
  const { length } = ofType(snapshot, type)
  return length === wanted ? [] : [`${length} of ${type}, should be ${wanted}`]
}
