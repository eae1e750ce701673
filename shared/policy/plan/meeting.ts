import type { Action } from '../actions.ts'
import type { PrincipalSelector } from '../documents/principals.ts'
import type { Gap } from './gaps.ts'
import { resourceCovers, resourcesMeet } from './pattern-order.ts'
import type { Rule } from './rule.ts'
import { narrower, selectorsMeet } from './selector-order.ts'

type Met = { principals: PrincipalSelector[]; actions: Action[]; resources: string[] }

/** Whom, what and on what both a part of one rule and another rule may be about; undefined when nothing. */
export function meeting({ actions, selectors, resources }: Gap, { actions: others, document }: Rule): Met | undefined {
  const common = actions.filter((action) => others.has(action))
  if (common.length === 0) return undefined
  const principals = pairs(selectors, document.principals, (a, b) => (selectorsMeet(a, b) ? narrower(a, b) : undefined))
  const on = pairs(resources, document.resources, (a, b) =>
    resourcesMeet(a, b) ? (resourceCovers(a, b) ? b : a) : undefined,
  )
  return principals.length > 0 && on.length > 0 ? { principals, actions: common, resources: on } : undefined
}

function pairs<T>(some: readonly T[], others: readonly T[], meet: (a: T, b: T) => T | undefined): T[] {
  const found = new Map<string, T>()
  for (const a of some) {
    for (const b of others) {
      const both = meet(a, b)
      if (both !== undefined) found.set(JSON.stringify(both), both)
    }
  }
  return [...found.values()]
}
