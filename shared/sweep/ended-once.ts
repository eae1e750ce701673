import type { Table } from '../azure/table.ts'
import type { EndedRows } from './ended-rows.ts'

/** By which clocks of instances may differ, and a request that looks at the row may last. */
const MARGIN_MS = 10 * 60_000

/**
 * Rows of table `once` whose `expires` is over: proofs, assertions and revocations by the hours that are over, keys of
 * requests. INVARIANT: a row without a time that can be read stays: a token must not come back to life.
 */
export function endedOnce(table: Table, now: number): EndedRows {
  const hour = new Date(now).toISOString().slice(0, 13).replaceAll(/\D/g, '')
  const kinds = ['checked', 'dpop', 'jti', 'refused', 'revoked']
  const byHour = kinds.map((kind) => ({ from: `${kind}|`, before: `${kind}|${hour}` }))
  const ranges = [...byHour, { from: 'idem|', before: 'idem}' }].sort((a, b) => (a.from < b.from ? -1 : 1))
  const ended = (expires: unknown) => typeof expires === 'string' && Date.parse(expires) + MARGIN_MS < now
  return { name: 'once', table, ranges, select: ['expires'], ended: (row) => ended(row['expires']) }
}

/** Windows of quotas that are over for an hour: keys begin with a window's end. */
export function endedQuotas(table: Table, now: number): EndedRows {
  const minute = new Date(now - 3_600_000).toISOString().slice(0, 16).replaceAll(/\D/g, '')
  return { name: 'quotas', table, ranges: [{ from: '0', before: minute }], select: ['expires'], ended: () => true }
}
