import { hash } from 'node:crypto'
import { z } from 'zod'
import type { Table } from '../../azure/table.ts'
import { hourOf } from '../../time-keys.ts'
import type { DecidedEntry } from '../entry.ts'
import type { StoredEntry } from '../read-block.ts'
import { mergeRow } from './merge-row.ts'

/** What one principal did in one hour (UTC): values read, and refusals by minute of the hour. */
export type Activity = { principal: string; hour: number; reads: number; denials: ReadonlyMap<number, number> }

const HOUR_MS = 3_600_000
const CALL = { deadlineMs: 60_000 }
/** So long hours are kept: two weeks to compare with, and the day that is looked at. */
export const ACTIVITY_DAYS = 16

/** Table `lastuse`: PK `_hour|<yyyyMMddHH>`, RK hash of the principal; PK `_statement`, RK its id. */
export const hourPartition = (time: number) => `_hour|${hourOf(time)}`
const STATEMENTS = '_statement'

/** Sums what a stretch of the journal says, to be written in one go. A count may be too high after a crash, a time never is. */
export function createActivity() {
  const hours = new Map<string, { principal: string; hour: number; reads: number; denials: Map<number, number> }>()
  const statements = new Map<string, number>()
  return {
    size: () => hours.size,
    add(entry: StoredEntry): void {
      if (entry.kind !== 'intent' && entry.kind !== 'denial') return
      const at = Date.parse(entry.time)
      if (!Number.isFinite(at)) return
      if (entry.kind === 'intent')
        for (const id of statementsOf(entry)) statements.set(id, Math.max(at, statements.get(id) ?? 0))
      const isRead = entry.kind === 'intent' && entry.action === 'secret:get' && entry.handout?.version !== undefined
      if (!isRead && entry.kind === 'intent') return
      const principal = entry.presenter ?? entry.principal.id
      const hour = at - (at % HOUR_MS)
      const key = `${hour} ${principal}`
      const known = hours.get(key) ?? { principal, hour, reads: 0, denials: new Map<number, number>() }
      hours.set(key, known)
      if (isRead) known.reads += 1
      else add(known.denials, Math.floor((at - hour) / 60_000), 1)
    },
    async write(table: Table): Promise<void> {
      for (const [id, at] of statements) {
        const key = { partitionKey: STATEMENTS, rowKey: id }
        await mergeRow(table, key, (stored) => ({ lastUsed: Math.max(at, Number(stored?.['lastUsed'] ?? 0)) }))
      }
      for (const { principal, hour, reads, denials } of hours.values()) {
        const key = { partitionKey: hourPartition(hour), rowKey: hash('sha256', principal, 'base64url') }
        await mergeRow(table, key, (stored) => {
          const all = new Map(parseDenials(stored?.['denials']))
          for (const [minute, count] of denials) add(all, minute, count)
          return { principal, reads: reads + Number(stored?.['reads'] ?? 0), denials: JSON.stringify([...all]) }
        })
      }
      hours.clear()
      statements.clear()
    },
  }
}

/** Of the principal and of who acted for it: both had to be permitted. */
const statementsOf = ({ decision, actor }: DecidedEntry) => [
  ...decision.statementIds,
  ...(actor?.decision.statementIds ?? []),
]

/** Hours from `since` on. */
export async function readActivity(table: Table, since: number): Promise<Activity[]> {
  const found: Activity[] = []
  const range = { partitionFrom: hourPartition(since), partitionBefore: '_hour}' }
  for await (const { partitionKey, principal, reads, denials } of table.list(range, CALL)) {
    const hour = hourFrom(partitionKey)
    if (typeof principal !== 'string' || !Number.isFinite(hour)) continue
    found.push({ principal, hour, reads: Number(reads) || 0, denials: new Map(parseDenials(denials)) })
  }
  return found
}

/** When each statement last permitted something, milliseconds. */
export async function readStatementUses(table: Table): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for await (const { rowKey, lastUsed } of table.list({ partitionKey: STATEMENTS }, CALL))
    found.set(rowKey, Number(lastUsed))
  return found
}

const Denials = z.array(z.tuple([z.int().min(0).max(59), z.int().min(0)]))

function parseDenials(text: unknown): [number, number][] {
  try {
    return Denials.parse(JSON.parse(String(text ?? '[]')))
  } catch {
    return []
  }
}

function hourFrom(partition: string): number {
  const [, year, month, day, hour] = /^_hour\|(\d{4})(\d\d)(\d\d)(\d\d)$/.exec(partition) ?? []
  return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour))
}

const add = (counts: Map<number, number>, key: number, count: number) => counts.set(key, (counts.get(key) ?? 0) + count)
