import { intersectPatterns } from '../policy/match/intersect.ts'

/**
 * Whether something at or below the prefix (whole segments, no stars) can be reached by one of the resource patterns: then a
 * revocation of what lies there ends the grant. What cannot be told in reasonable time counts as reached.
 */
export function reaches(resources: readonly string[], prefix: string): boolean {
  return resources.some((resource) =>
    [prefix, `${prefix}/**`].some((below) => intersectPatterns(resource, below)?.length !== 0),
  )
}
