import { canonicalJson } from '../documents/canonical-json.ts'
import type { Conditions } from '../documents/conditions.ts'
import { intersectRanges } from '../match/address.ts'
import { readTimeWindow, windowHolds } from '../match/clock.ts'
import { wantedClaimsCover } from './selector-order.ts'

type Name = keyof Conditions

/** The conditions by which `inner` may hold where `outer` does not: none when `outer` surely holds wherever `inner` does. */
export function looserConditions(inner: Conditions = {}, outer: Conditions = {}): Name[] {
  const loose: Record<Name, boolean> = {
    ip: outer.ip !== undefined && !(inner.ip && rangesWithin(inner.ip, outer.ip)),
    time: outer.time !== undefined && !(inner.time && timeWithin(inner.time, outer.time)),
    claims: outer.claims !== undefined && !wantedClaimsCover(outer.claims, inner.claims ?? {}),
    purpose: outer.purpose !== undefined && !inner.purpose?.every((purpose) => outer.purpose?.includes(purpose)),
  }
  return (Object.keys(loose) as Name[]).filter((name) => loose[name])
}

/**
 * Whether a forbid with conditions `outer` surely applies wherever one with `inner` does, an `inner` that cannot be evaluated
 * included: one such condition is enough for a forbid, so none that may be blind can be left out, and claims must be the same.
 */
export function forbidConditionsCover(outer: Conditions | undefined, inner: Conditions | undefined): boolean {
  if (!outer) return true
  if (!inner || (outer.ip === undefined) !== (inner.ip === undefined)) return false
  if (canonicalJson(outer.claims ?? {}) !== canonicalJson(inner.claims ?? {})) return false
  return looserConditions(inner, outer).length === 0
}

export const rangesWithin = (inner: readonly string[], outer: readonly string[]): boolean =>
  inner.every((range) => intersectRanges([range], outer).includes(range))

type Time = NonNullable<Conditions['time']>

function timeWithin(inner: Time, outer: Time): boolean {
  if (inner.zone !== outer.zone) return false
  const [a, b] = [readTimeWindow(inner), readTimeWindow(outer)]
  // A window begins and ends at these minutes alone, whatever the day.
  const minutes = [0, a.from, a.to, b.from, b.to].filter((minute) => minute < 1_440)
  return [0, 1, 2, 3, 4, 5, 6].every((day) =>
    minutes.every((minute) => !windowHolds(a, { day, minute }) || windowHolds(b, { day, minute })),
  )
}
