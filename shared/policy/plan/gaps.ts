import type { Action } from '../actions.ts'
import type { PrincipalSelector } from '../documents/principals.ts'
import { gather, type Turns } from '../turns.ts'
import type { Rule } from './rule.ts'
import { indexOf } from './rule-index.ts'

/** Which selectors and resources of a rule another one covers, each for itself; a pair is covered when both are. */
export type Cover = {
  selectors: readonly boolean[]
  resources: readonly boolean[]
  /** Pairs that it does not cover nevertheless. */
  except?: (selector: number, resource: number) => boolean
}

/** A part of a rule that no other rule covers. */
export type Gap = { actions: Action[]; selectors: PrincipalSelector[]; resources: string[] }

type Compared = { others: readonly Rule[]; turn: Turns }
type CoverBy = (other: Rule) => Cover | undefined

/**
 * What of a rule none of the others covers: for each action whom and what, put together where equal. The work is bounded by
 * selectors × resources, not by their combinations with those of the others.
 */
export async function gapsOf(rule: Rule, { others, turn }: Compared, coverBy: CoverBy): Promise<Gap[]> {
  const index = indexOf(others)
  await turn()
  if (index.equalTo(rule).some((other) => includes(other.actions, rule.actions))) return []
  const covers = await gather(index.covering(rule.document.principals), turn, (other) => {
    const cover = shares(other.actions, rule.actions) ? coverBy(other) : undefined
    return cover ? [{ actions: other.actions, cover }] : []
  })
  const found = new Map<string, { actions: Action[]; open: ReadonlyMap<string, number[]> }>()
  for (const action of rule.actions) {
    const open = openPairs(
      rule,
      covers.filter(({ actions }) => actions.has(action)).map(({ cover }) => cover),
    )
    if (open.size === 0) continue
    const key = JSON.stringify([...open])
    const known = found.get(key)
    if (known) known.actions.push(action)
    else found.set(key, { actions: [action], open })
  }
  return [...found.values()].flatMap(({ actions, open }) => [...open].map((pairs) => gapOf(rule, actions, pairs)))
}

/** Numbers of the resources that are open, as text → of the selectors they are open for. */
function openPairs({ document }: Rule, covers: readonly Cover[]): ReadonlyMap<string, number[]> {
  const open = new Map<string, number[]>()
  for (const selector of document.principals.keys()) {
    const able = covers.filter(({ selectors }) => selectors[selector])
    const resources = [...document.resources.keys()].filter(
      (resource) => !able.some((cover) => cover.resources[resource] && !cover.except?.(selector, resource)),
    )
    if (resources.length === 0) continue
    const key = resources.join(' ')
    open.set(key, [...(open.get(key) ?? []), selector])
  }
  return open
}

function gapOf({ document }: Rule, actions: Action[], [resources, selectors]: [string, number[]]): Gap {
  return {
    actions: [...actions].sort(),
    selectors: selectors.flatMap((at) => document.principals[at] ?? []),
    resources: resources.split(' ').flatMap((at) => document.resources[Number(at)] ?? []),
  }
}

const includes = <T>(all: ReadonlySet<T>, some: ReadonlySet<T>) => [...some].every((one) => all.has(one))
const shares = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>) => [...a].some((one) => b.has(one))
