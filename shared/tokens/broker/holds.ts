import type { GatewayError } from '../../errors.ts'
import { createGrowingCache } from '../../growing-cache.ts'
import { stillResting, type Verdict } from './upstream-failure.ts'

/** A refused credential that has no version to change (an assertion, a managed identity): nothing can be locked out. */
const UNVERSIONED_REST_MS = 60_000

type Rest = { since: number; ms: number; error: GatewayError }
type Broken = { version: string; error: GatewayError }

/** What keeps upstream from being asked: rests by key, and breakers by credential. */
export function createHolds({ now, max }: { now: () => number; max: number }) {
  const rests = createGrowingCache<Rest>({ count: max })
  const broken = createGrowingCache<Broken>({ count: max })

  const restLeft = ({ since, ms }: Rest) => {
    const elapsed = now() - since
    // A clock that was set back must not lengthen it.
    return elapsed >= 0 && elapsed < ms ? ms - elapsed : 0
  }

  return {
    /** Why upstream may not be asked now; undefined when it may. */
    why(id: string, credential: string, version: string | undefined): GatewayError | undefined {
      const breaker = broken.get(credential)
      if (breaker && breaker.version === version) return breaker.error
      const rest = rests.get(id)
      const left = rest ? restLeft(rest) : 0
      return rest && left > 0 ? stillResting(rest.error, left) : undefined
    },
    rest(id: string, ms: number, error: GatewayError): void {
      if (ms > 0) rests.set(id, { since: now(), ms, error })
    },
    /** Opens until another version of the credential comes. */
    refuse(id: string, { credential, version, verdict: { error } }: Refused): void {
      if (version === undefined) rests.set(id, { since: now(), ms: UNVERSIONED_REST_MS, error })
      else broken.set(credential, { version, error })
    },
    clear(id: string, credential: string): void {
      rests.delete(id)
      broken.delete(credential)
    },
    counts: () => ({ resting: [...rests.values()].filter((rest) => restLeft(rest) > 0).length, broken: broken.size }),
  }
}

type Refused = { credential: string; version: string | undefined; verdict: Verdict }
