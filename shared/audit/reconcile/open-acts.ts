import type { StoredEntry } from '../read-block.ts'

/**
 * By transaction: how many of its intents have no result, and the time of the latest (milliseconds). Fewer than none: results
 * whose intents were not seen yet, since writers are read one after the other.
 */
export type OpenActs = Map<string, { open: number; at: number }>

/** So many are remembered from one run to the next. */
const MAX_KEPT = 4_000
/** A result that waits longer for its intent is a second result. */
const LONE_MS = 3_600_000

/** Takes an entry in; the order of intents and results does not matter. One transaction may have several of each (a batch). */
export function countAct(acts: OpenActs, entry: StoredEntry): void {
  if (entry.kind !== 'intent' && entry.kind !== 'result') return
  const known = acts.get(entry.txn)
  const open = (known?.open ?? 0) + (entry.kind === 'intent' ? 1 : -1)
  if (open === 0) acts.delete(entry.txn)
  else acts.set(entry.txn, { open, at: Math.max(known?.at ?? 0, Date.parse(entry.time) || 0) })
}

/** What began before `dueBefore` and has no result, oldest first. */
export const overdue = (acts: OpenActs, dueBefore: number): { txn: string; open: number }[] =>
  byAge(acts)
    .filter(([, { open, at }]) => open > 0 && at < dueBefore)
    .map(([txn, { open }]) => ({ txn, open }))

/** What the next run has to know, newest last. */
export const worthKeeping = (acts: OpenActs, now: number): OpenActs =>
  new Map(
    byAge(acts)
      .filter(([, { open, at }]) => open > 0 || at > now - LONE_MS)
      .slice(-MAX_KEPT),
  )

const byAge = (acts: OpenActs) => [...acts].sort(([, one], [, other]) => one.at - other.at)
