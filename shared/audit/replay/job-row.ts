import type { Row, StoredRow } from '../../azure/table.ts'
import { toAscii } from '../to-ascii.ts'
import type { Replay } from './replay.ts'

/** Rows of replays in the `leases` table: who runs one holds it by saying so. */
export const REPLAYS_PARTITION = 'replay'

/** Silent for so long: the instance that ran it has gone. */
export const ALIVE_MS = 20_000

export type JobRow = {
  id: string
  /** Principal id of who asked. */
  by: string
  state: 'running' | 'done' | 'failed'
  /** Milliseconds. */
  startedAt: number
  aliveAt: number
  /** Looked at so far. */
  entries: number
  reason?: string
  result?: Replay
}

export type ReplayJob = Pick<JobRow, 'id' | 'by' | 'state' | 'startedAt' | 'entries' | 'reason' | 'result'>

/** Azure allows 32,768 characters a property and a million bytes a row. */
const PART = 30_000

export function jobRow({ id, result, reason, startedAt, aliveAt, ...columns }: JobRow): Row {
  const times = { startedAt: new Date(startedAt).toISOString(), aliveAt: new Date(aliveAt).toISOString() }
  const text = result === undefined ? '' : toAscii(result)
  const parts: Record<string, string> = {}
  for (let at = 0; at * PART < text.length; at++) parts[partName(at)] = text.slice(at * PART, (at + 1) * PART)
  return { partitionKey: REPLAYS_PARTITION, rowKey: id, ...columns, ...times, ...(reason && { reason }), ...parts }
}

export const isStale = (row: StoredRow, now: number) =>
  row['state'] === 'running' && Math.abs(now - timeOf(row, 'aliveAt')) > ALIVE_MS

export function readJob(row: StoredRow, now: number): ReplayJob {
  const known = {
    id: row.rowKey,
    by: String(row['by']),
    startedAt: timeOf(row, 'startedAt'),
    entries: Number(row['entries']),
  }
  if (isStale(row, now)) return { ...known, state: 'failed', reason: 'interrupted' }
  if (row['state'] === 'running') return { ...known, state: 'running' }
  const result = row['state'] === 'done' ? readResult(row) : undefined
  return result
    ? { ...known, state: 'done', result }
    : { ...known, state: 'failed', reason: String(row['reason'] ?? 'unreadable') }
}

function readResult(row: StoredRow): Replay | undefined {
  let text = ''
  for (let at = 0; typeof row[partName(at)] === 'string'; at++) text += row[partName(at)]
  try {
    return JSON.parse(text) as Replay
  } catch {
    return undefined
  }
}

const partName = (at: number) => `result${String(at).padStart(2, '0')}`

/** Milliseconds. */
export const timeOf = (row: StoredRow, column: 'startedAt' | 'aliveAt') => Date.parse(String(row[column]))
