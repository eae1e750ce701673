import type { Table } from '../../azure/table.ts'
import { hourOf } from '../../time-keys.ts'
import { PAGE_BLOCKS } from '../block.ts'
import { readBlock, type StoredEntry } from '../read-block.ts'

/** Partition of the journal (`<hour>|<wid>`) → number of its last block that was read. */
export type Positions = Record<string, number>

const HOUR_MS = 3_600_000
const CALL = { deadlineMs: 20_000 }

/**
 * Gives every entry behind the positions, and moves them. Costs what is new and one look per writer and hour, not what there
 * is: partitions are found by skipping from one to the next. Rows that are no blocks are passed over.
 * `enough` is asked after each block: what is left is given the next time. Throws StorageError.
 */
export async function* entriesSince(
  table: Table,
  { positions, now, enough = () => false }: { positions: Positions; now: number; enough?: () => boolean },
): AsyncIterable<StoredEntry> {
  for await (const partition of partitionsFrom(table, firstHour(positions), hourOf(now + 2 * HOUR_MS))) {
    const rowFrom = String((positions[partition] ?? -1) + 1).padStart(12, '0')
    for await (const row of table.list({ partitionKey: partition, rowFrom, pageRows: PAGE_BLOCKS }, CALL)) {
      const stored = readBlock(row)
      if (!stored) continue
      for (const { entry } of stored.lines) if (entry) yield entry
      positions[partition] = Math.max(positions[partition] ?? -1, stored.block)
      if (enough()) return
    }
  }
}

/** Positions of hours that can grow no more; a writer's clock may be an hour off. */
export function forgetOld(positions: Positions, now: number): Positions {
  const oldest = hourOf(now - 3 * HOUR_MS)
  const kept = Object.entries(positions).filter(([partition]) => partition >= oldest)
  // Never empty: else the next walk would begin at the beginning.
  return Object.fromEntries(kept.length > 0 ? kept : [[`${hourOf(now - HOUR_MS)}|`, -1]])
}

/** The hour in which something new can stand first; `0` before anything was read. */
function firstHour(positions: Positions): string {
  const [first] = Object.keys(positions).sort()
  return first?.slice(0, 10) ?? '0'
}

async function* partitionsFrom(table: Table, from: string, before: string): AsyncIterable<string> {
  for (let partitionFrom = from; ; ) {
    let found: string | undefined
    const query = { partitionFrom, partitionBefore: before, select: ['v'], pageRows: 1 }
    for await (const { partitionKey } of table.list(query, CALL)) {
      found = partitionKey
      break
    }
    if (found === undefined) return
    yield found
    // Greater than this partition's key and smaller than every other one: wids are hexadecimal.
    partitionFrom = `${found}~`
  }
}
