import type { Table } from '../azure/table.ts'
import { hourOf } from '../time-keys.ts'
import { PAGE_BLOCKS } from './block.ts'
import type { DecidedEntry, Entry } from './entry.ts'
import { readBlock } from './read-block.ts'

const HOUR_MS = 3_600_000

/** Half-open, milliseconds. */
export type Span = { from: number; to: number }

/**
 * Decided entries with a time in the span, in the order of their rows, a page of blocks in memory. Rows that are no blocks are
 * passed over: telling them is the verifier's work. `onBlock` is called after each block.
 */
export async function* decidedEntries(
  table: Table,
  { from, to }: Span,
  onBlock?: () => Promise<void>,
): AsyncIterable<DecidedEntry> {
  // A block is filed under the hour it was written in, an hour from its entries' at most.
  const rows = { partitionFrom: hourOf(from - HOUR_MS), partitionBefore: hourOf(to + 2 * HOUR_MS) }
  for await (const row of table.list({ ...rows, pageRows: PAGE_BLOCKS })) {
    for (const { entry } of readBlock(row)?.lines ?? []) {
      if (entry && isDecided(entry) && isWithin(entry.time, { from, to })) yield entry
    }
    await onBlock?.()
  }
}

/** Looked through at most, newest hour first. */
const MAX_SCANNED = 500_000

/**
 * The newest decided entry of the last days that matches, as far as half a million entries reach back; undefined when there is
 * none. It reads the journal itself, an hour at a time: for a person's question, not for a request's.
 */
export async function newestDecided(
  table: Table,
  { now, days }: { now: number; days: number },
  matches: (entry: DecidedEntry) => boolean,
): Promise<DecidedEntry | undefined> {
  let scanned = 0
  for (let hour = now + HOUR_MS; hour > now - days * 24 * HOUR_MS && scanned < MAX_SCANNED; hour -= HOUR_MS) {
    let newest: DecidedEntry | undefined
    const rows = { partitionFrom: hourOf(hour), partitionBefore: hourOf(hour + HOUR_MS), pageRows: PAGE_BLOCKS }
    for await (const row of table.list(rows)) {
      for (const { entry } of readBlock(row)?.lines ?? []) {
        scanned++
        if (!entry || !isDecided(entry) || !matches(entry)) continue
        if (!newest || entry.time >= newest.time) newest = entry
      }
    }
    if (newest) return newest
  }
  return undefined
}

/** TRAP: a line may be an attacker's; one without the parts that every reader takes would end the whole walk. */
function isDecided(entry: Entry): entry is DecidedEntry {
  if (entry.kind !== 'intent' && entry.kind !== 'denial') return false
  const { principal, decision, actor, context, resource } = entry as { [name in keyof DecidedEntry]?: unknown }
  const actors = isObject(actor) ? isPrincipal(actor['principal']) && isObject(actor['decision']) : actor === undefined
  return isPrincipal(principal) && isObject(decision) && isObject(context) && typeof resource === 'string' && actors
}

const isPrincipal = (value: unknown) => isObject(value) && typeof value['id'] === 'string' && isObject(value['claims'])

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function isWithin(time: string, { from, to }: Span): boolean {
  const at = Date.parse(time)
  return at >= from && at < to
}
