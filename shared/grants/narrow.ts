import { GatewayError } from '../errors.ts'
import type { Action } from '../policy/actions.ts'
import { intersectPatterns, patternContains } from '../policy/match/intersect.ts'

/** What may be done through a grant, and until when (milliseconds). */
export type Bounds = { actions: readonly Action[]; resources: readonly string[]; expiresAt: number }

/** What its holder would like to hand on. */
export type Wish = { actions: readonly Action[]; resources: readonly string[]; ttlSeconds: number; maxUses?: number }

type Delegator = Bounds & {
  /** Uses are counted: what is handed on is taken out of them. */
  limited: boolean
}

/** As many as a request may name; an intersection can be longer than both its sides. */
const MAX_RESOURCES = 50

/**
 * The part of the wish that lies within the delegating grant, computed here and never taken from the caller (T13); or the
 * refusal when nothing is left, or uses are not said where they are counted. `now` in milliseconds. What the parent has left
 * of its uses is not known here: whoever takes them finds out.
 */
export function narrow(parent: Delegator, wish: Wish, now: number): Bounds | GatewayError {
  if (parent.limited && wish.maxUses === undefined) {
    const detail = '`maxUses` is required: they are taken out of those of the grant, which are limited'
    return new GatewayError('invalid_request', 'delegation_without_uses', { detail })
  }
  const actions = wish.actions.filter((action) => parent.actions.includes(action)).sort()
  const resources = common(parent.resources, wish.resources)
  if (resources === undefined || resources.length > MAX_RESOURCES) {
    const detail = '`resources` overlap with those of the grant in too many ways: name narrower ones'
    return new GatewayError('invalid_request', 'delegation_too_manifold', { detail })
  }
  if (actions.length === 0 || resources.length === 0) return new GatewayError('access_denied', 'outside_grant')
  return { actions, resources, expiresAt: Math.min(parent.expiresAt, now + wish.ttlSeconds * 1_000) }
}

function common(ones: readonly string[], others: readonly string[]): string[] | undefined {
  const found = new Set<string>()
  for (const one of ones) {
    for (const other of others) {
      const both = intersectPatterns(one, other)
      if (both === undefined) return undefined
      for (const pattern of both) found.add(pattern)
    }
  }
  const all = [...found]
  return all.filter((each) => !all.some((wider) => wider !== each && patternContains(wider, each))).sort()
}
