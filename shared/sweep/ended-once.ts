import { ACTIVITY_DAYS, hourPartition } from '../audit/last-use/activity.ts'
import type { Table } from '../azure/table.ts'
import { hourOf, minuteOf } from '../time-keys.ts'
import type { EndedRows } from './ended-rows.ts'

/** By which clocks of instances may differ, and a request that looks at the row may last. */
const MARGIN_MS = 10 * 60_000

/**
 * Rows of table `once` whose `expires` is over: proofs, assertions and revocations by the hours that are over, keys of
 * requests. INVARIANT: a row without a time that can be read stays: a token must not come back to life.
 */
export function endedOnce(table: Table, now: number): EndedRows {
  const hour = hourOf(now)
  const kinds = ['checked', 'dpop', 'jti', 'refused', 'revoked']
  const byHour = kinds.map((kind) => ({ from: `${kind}|`, before: `${kind}|${hour}` }))
  const ranges = [...byHour, { from: 'idem|', before: 'idem}' }].sort((a, b) => (a.from < b.from ? -1 : 1))
  return { name: 'once', table, ranges, select: ['expires'], ended: (row) => isOver(row['expires'], now) }
}

/** Windows of quotas that are over for an hour: keys begin with a window's end. */
export function endedQuotas(table: Table, now: number): EndedRows {
  const minute = minuteOf(now - 3_600_000)
  return { name: 'quotas', table, ranges: [{ from: '0', before: minute }], select: ['expires'], ended: () => true }
}

/** Hours of the index of uses that the review looks at no more. */
export function endedActivity(table: Table, now: number): EndedRows {
  const before = hourPartition(now - (ACTIVITY_DAYS + 1) * 86_400_000)
  return { name: 'activity', table, ranges: [{ from: '_hour|', before }], select: ['reads'], ended: () => true }
}

/** Anomalies that were told so long ago that no review finds them again. */
export function endedTold(table: Table, now: number): EndedRows {
  const ranges = [{ from: 'told', before: 'tole' }]
  return { name: 'told', table, ranges, select: ['expires'], ended: (row) => isOver(row['expires'], now) }
}

/** Events that everybody was told of, and those that were given up. */
export function endedEvents(table: Table, now: number): EndedRows {
  const ranges = [
    { from: 'parked', before: 'parkee' },
    { from: 'told', before: 'tole' },
  ]
  return { name: 'events', table, ranges, select: ['expires'], ended: (row) => isOver(row['expires'], now) }
}

const isOver = (expires: unknown, now: number) => typeof expires === 'string' && Date.parse(expires) + MARGIN_MS < now
