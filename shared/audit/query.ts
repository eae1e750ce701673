import type { Table } from '../azure/table.ts'
import type { Action } from '../policy/actions.ts'
import { hourOf } from '../time-keys.ts'
import { PAGE_BLOCKS } from './block.ts'
import { readBlock, type StoredEntry } from './read-block.ts'

export type AuditFilter = {
  /** Principal id, exactly. */
  principal?: string
  /** Resource; a final `*` matches any rest. */
  resource?: string
  action?: Action
  decision?: 'permit' | 'deny'
  /** Half-open range of entry times, milliseconds. */
  from?: number
  to?: number
}

/** An entry and where it stands. */
export type Hit = { wid: string; block: number; entry: StoredEntry }

export type AuditQuery = { table: Table; filter: AuditFilter; order: 'oldest' | 'newest'; now: number }

const HOUR_MS = 3_600_000

/**
 * Entries that match, hour by hour, in the order of their times within an hour. A result matches when its intent does. Without a
 * filter on decisions everything matches, housekeeping included. Rows that are no blocks are passed over: telling them is the
 * verifier's work. Reads one hour at a time, so memory holds the hits of an hour and the intents without a result.
 */
export async function* queryJournal({ table, filter, order, now }: AuditQuery): AsyncIterable<Hit> {
  const matcher = createMatcher(filter)
  const sign = order === 'oldest' ? 1 : -1
  const byTime = (one: Hit, other: Hit) =>
    sign *
    (one.entry.time < other.entry.time ? -1 : one.entry.time > other.entry.time ? 1 : one.entry.seq - other.entry.seq)
  for await (const hour of hoursOf({ table, filter, order, now })) {
    const hits: Hit[] = []
    for await (const row of table.list({
      partitionFrom: hourOf(hour),
      partitionBefore: hourOf(hour + HOUR_MS),
      pageRows: PAGE_BLOCKS,
    })) {
      const stored = readBlock(row)
      for (const { entry } of stored?.lines ?? []) {
        if (stored && entry) hits.push(...matcher({ wid: stored.wid, block: stored.block, entry }))
      }
    }
    yield* hits.sort(byTime)
  }
}

/**
 * Hours that can hold matches, one more on either side: a block is filed under the hour it was written in. The first is where the
 * journal begins; the last is the one after now, should a writer's clock be ahead.
 */
async function* hoursOf({ table, filter, order, now }: AuditQuery): AsyncIterable<number> {
  const wanted = filter.from === undefined ? undefined : filter.from - HOUR_MS
  const begin = await firstHour(table, wanted)
  if (begin === undefined) return
  const end = Math.min(filter.to ?? Number.POSITIVE_INFINITY, now) + HOUR_MS
  const count = Math.floor((end - begin) / HOUR_MS) + 1
  for (let step = 0; step < count; step++) {
    yield begin + (order === 'oldest' ? step : count - 1 - step) * HOUR_MS
  }
}

async function firstHour(table: Table, from: number | undefined): Promise<number | undefined> {
  const partitionFrom = from === undefined ? '0' : hourOf(from)
  for await (const { partitionKey } of table.list({ partitionFrom, select: ['v'], pageRows: 1 })) {
    const [, year, month, day, hour] = /^(\d{4})(\d\d)(\d\d)(\d\d)\|/.exec(partitionKey) ?? []
    const time = Date.parse(`${year}-${month}-${day}T${hour}:00:00Z`)
    if (!Number.isNaN(time)) return time
  }
  return undefined
}

/** An act with an open end: intents without a result, or (read from another writer) results before their intent. */
type Open = { intents: number; results: Hit[]; matched: boolean }

/** Gives what one more entry makes known: itself, or a result that was waiting for its intent. One `txn` may have several of each. */
function createMatcher(filter: AuditFilter): (hit: Hit) => Hit[] {
  const matches = matchesEntry(filter)
  const acts = new Map<string, Open>()
  return (hit) => {
    const { entry } = hit
    if (entry.kind !== 'result' && entry.kind !== 'intent') return matches(entry) ? [hit] : []
    const act = acts.get(entry.txn) ?? { intents: 0, results: [], matched: false }
    acts.set(entry.txn, act)
    const known = entry.kind === 'result' ? takeResult(act, hit) : takeIntent(act, hit, matches(entry))
    if (act.intents === 0 && act.results.length === 0) acts.delete(entry.txn)
    return known
  }
}

function takeResult(act: Open, hit: Hit): Hit[] {
  if (act.intents === 0) {
    act.results.push(hit)
    return []
  }
  act.intents--
  return act.matched ? [hit] : []
}

function takeIntent(act: Open, hit: Hit, matched: boolean): Hit[] {
  act.matched ||= matched
  const result = act.results.shift()
  if (!result) act.intents++
  return [...(matched ? [hit] : []), ...(result && act.matched ? [result] : [])]
}

function matchesEntry({
  principal,
  resource,
  action,
  decision,
  from,
  to,
}: AuditFilter): (entry: StoredEntry) => boolean {
  const decided = [principal, resource, action, decision].some((wanted) => wanted !== undefined)
  return (entry) => {
    const time = Date.parse(entry.time)
    if ((from !== undefined && !(time >= from)) || (to !== undefined && !(time < to))) return false
    if (!decided) return true
    if (entry.kind !== 'intent' && entry.kind !== 'denial') return false
    return (
      (principal === undefined || [entry.principal.id, entry.actor?.principal.id].includes(principal)) &&
      (resource === undefined || matchesResource(resource, entry.resource)) &&
      (action === undefined || entry.action === action) &&
      (decision === undefined || (decision === 'permit') === (entry.kind === 'intent'))
    )
  }
}

function matchesResource(wanted: string, resource: string): boolean {
  return wanted.endsWith('*') ? resource.startsWith(wanted.slice(0, -1)) : resource === wanted
}
