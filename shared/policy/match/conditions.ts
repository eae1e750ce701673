import type { Principal } from '../../identity/principal.ts'
import type { RequestContext } from '../decision.ts'
import type { Conditions } from '../documents/conditions.ts'
import { type Address, type Range, rangeHolds, readRange } from './address.ts'
import { compileClaim } from './claims.ts'
import { type LocalTime, readTimeWindow, wallClock, windowHolds } from './clock.ts'
import { type Tri, tri } from './tri.ts'

/** What a condition may look at: the caller's validated claims, the request, the time (milliseconds). */
export type Facts = {
  principal: Principal
  context: RequestContext
  now: number
  /** The client's address; read once a question, at the first condition that asks. */
  address: () => Address | undefined
}

export type Condition = {
  name: string
  test: (facts: Facts) => Tri
  /** For explanations: what its author wrote, and what it looks at; undefined where there is nothing to look at. */
  expected: unknown
  actual: (facts: Facts) => unknown
}

/** One clock for each zone of a set: they are costly to make. */
export type ClockOf = (zone: string) => (now: number) => LocalTime

/** Compiles `when` into independent conditions, all of which must hold. */
export function compileConditions({ ip, time, claims, purpose }: Conditions, clockOf: ClockOf): Condition[] {
  return [
    ...(ip ? [addressCondition(ip)] : []),
    ...(time ? [timeCondition(time, clockOf)] : []),
    ...(purpose ? [purposeCondition(purpose)] : []),
    ...Object.entries(claims ?? {}).map(([name, wanted]): Condition => {
      const { test } = compileClaim(name, wanted)
      return {
        name: `claims.${name}`,
        test: ({ principal }) => test(principal.claims),
        expected: wanted,
        actual: ({ principal: { claims } }) => (Object.hasOwn(claims, name) ? claims[name] : undefined),
      }
    }),
  ]
}

function addressCondition(texts: readonly string[]): Condition {
  const ranges = texts.map(readRange).filter((range): range is Range => typeof range !== 'string')
  return {
    name: 'ip',
    test: ({ address: read }) => {
      const address = read()
      return address ? tri(ranges.some((range) => rangeHolds(range, address))) : 'unknown'
    },
    expected: texts,
    actual: ({ context }) => context.clientAddress,
  }
}

function timeCondition(time: NonNullable<Conditions['time']>, clockOf: ClockOf): Condition {
  const window = readTimeWindow(time)
  const clock = clockOf(window.zone)
  return {
    name: 'time',
    test: ({ now }) => tri(windowHolds(window, clock(now))),
    expected: time,
    actual: ({ now }) => ({ ...wallClock(clock(now)), zone: window.zone }),
  }
}

function purposeCondition(purposes: readonly string[]): Condition {
  const allowed = new Set(purposes)
  return {
    name: 'purpose',
    test: ({ context: { purpose } }) => (purpose === undefined ? 'unknown' : tri(allowed.has(purpose))),
    expected: purposes,
    actual: ({ context }) => context.purpose,
  }
}
