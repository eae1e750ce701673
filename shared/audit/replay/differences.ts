import type { DecidedEntry } from '../entry.ts'

/** What the door would answer, as far as policy goes. */
export type Outcome = { allowed: boolean; reason: string; statementIds: readonly string[] }

/** The same thing asked by the same caller, which becomes the same. */
export type Difference = {
  principal: string
  /** Who acted for it. */
  actor?: string
  action: string
  resource: string
  was: string
  becomes: string
  /** Up to ten statements that decide it in the proposed set; of a denial for want of a permit there are none. */
  statements: readonly string[]
  count: number
  first: string
  last: string
  /** Transactions, to look at. */
  examples: string[]
}

/** `unlisted`: entries of further differences, of which no more is kept. */
export type Differences = { count: number; differences: Difference[]; unlisted: number }

/** All of them fit in one row of a table. */
const MAX_LISTED = 200
const MAX_STATEMENTS = 10
const MAX_EXAMPLES = 3

type Change = { was: Outcome; becomes: Outcome }

/** Gathers entries by who, what and why; most frequent first. */
export function createDifferences() {
  const known = new Map<string, Difference>()
  let count = 0
  let unlisted = 0
  return {
    add(entry: DecidedEntry, change: Change) {
      count++
      const key = keyOf(entry, change)
      const difference = known.get(key)
      if (difference) include(difference, entry)
      else if (known.size < MAX_LISTED) known.set(key, differenceOf(entry, change))
      else unlisted++
    },
    listed: (): Differences => ({
      count,
      differences: [...known.values()].sort((a, b) => b.count - a.count || (a.first < b.first ? -1 : 1)),
      unlisted,
    }),
  }
}

const keyOf = ({ principal, actor, action, resource }: DecidedEntry, { was, becomes }: Change) =>
  JSON.stringify([principal.id, actor?.principal.id, action, resource, was.reason, becomes.reason])

function include(difference: Difference, { time, txn }: DecidedEntry): void {
  difference.count++
  if (time < difference.first) difference.first = time
  if (time > difference.last) difference.last = time
  if (difference.examples.length < MAX_EXAMPLES) difference.examples.push(txn)
}

const differenceOf = (entry: DecidedEntry, { was, becomes }: Change): Difference => ({
  principal: entry.principal.id,
  ...(entry.actor && { actor: entry.actor.principal.id }),
  action: entry.action,
  resource: entry.resource,
  was: was.reason,
  becomes: becomes.reason,
  statements: becomes.statementIds.slice(0, MAX_STATEMENTS),
  count: 1,
  first: entry.time,
  last: entry.time,
  examples: [entry.txn],
})
