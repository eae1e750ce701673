import { randomUUID } from 'node:crypto'
import { toAscii } from '../audit/to-ascii.ts'
import type { Row, Table } from '../azure/table.ts'
import { GatewayError } from '../errors.ts'
import { orUnavailable } from '../storage-unavailable.ts'
import type { Report, ReportName } from './section.ts'

export type ReportStore = {
  /** The newest one stays, whoever wrote it. */
  write(report: Report): Promise<void>
  /** Undefined before the first; throws `storage_unavailable`. */
  read(name: ReportName): Promise<Report | undefined>
}

const CALL = { deadlineMs: 10_000 }
/** Azure counts two bytes a character: 64 KiB a property, 1 MiB a row. */
const PART = 30_000
const PARTS = 12
const HEAD = 'latest'
const MAX_READS = 3

/**
 * Table `reports`: PK name of a report; RK `latest` says which set of rows `<id>|<n>` holds it. INVARIANT: `latest` moves only
 * after all rows of a set are there, and a set goes only after `latest` has left it, so a reader finds a whole one.
 */
export function createReportStore(table: Table): ReportStore {
  return {
    async write(report) {
      const name = report.report
      const id = `r${randomUUID()}`
      const text = toAscii(report)
      let rows = 0
      for (let at = 0; at < text.length; at += PART * PARTS) {
        const row: Row = { partitionKey: name, rowKey: rowKey(id, rows++) }
        for (let part = 0; part < PARTS; part += 1) {
          const piece = text.slice(at + part * PART, at + (part + 1) * PART)
          if (piece) row[`part${String(part).padStart(2, '0')}`] = piece
        }
        await table.insert(row, CALL)
      }
      await point(table, { name, id, rows, generatedAt: report.generatedAt })
      await forgetOthers(table, name)
    },
    async read(name) {
      for (let tries = 0; tries < MAX_READS; tries += 1) {
        const head = await orUnavailable('report', () => table.get(name, HEAD, CALL))
        if (!head) return undefined
        const set = { id: String(head['id']), rows: Number(head['rows']) }
        const report = await orUnavailable('report', () => readSet(table, name, set))
        if (report) return report
      }
      throw new GatewayError('storage_unavailable', 'report_unreadable', { retryAfterSeconds: 5 })
    },
  }
}

const rowKey = (id: string, at: number) => `${id}|${String(at).padStart(3, '0')}`

type Head = { name: string; id: string; rows: number; generatedAt: string }

/** An older look that ends later does not replace a newer one. */
async function point(table: Table, { name, ...columns }: Head): Promise<void> {
  for (let tries = 0; tries < 5; tries += 1) {
    const head = await table.get(name, HEAD, CALL)
    if (head && String(head['generatedAt']) > columns.generatedAt) return
    const row = { partitionKey: name, rowKey: HEAD, ...columns }
    const done = head ? await table.replace(row, head.etag, CALL) : await table.insert(row, CALL)
    if (done !== 'changed' && done !== 'exists') return
  }
}

/** Undefined where a row has gone meanwhile or is no report. */
async function readSet(
  table: Table,
  name: string,
  { id, rows }: { id: string; rows: number },
): Promise<Report | undefined> {
  let text = ''
  for (let at = 0; at < rows; at += 1) {
    const row = await table.get(name, rowKey(id, at), CALL)
    if (!row) return undefined
    for (let part = 0; part < PARTS; part += 1) text += row[`part${String(part).padStart(2, '0')}`] ?? ''
  }
  try {
    return JSON.parse(text) as Report
  } catch {
    return undefined
  }
}

/** Sets that nobody is led to: only who holds the lease of the review writes. A reader of one of them looks again. */
async function forgetOthers(table: Table, name: string): Promise<void> {
  const id = String((await table.get(name, HEAD, CALL))?.['id'])
  const range = { partitionKey: name, rowFrom: 'r', rowBefore: 's', select: ['rows'] }
  for await (const row of table.list(range, CALL))
    if (!row.rowKey.startsWith(`${id}|`)) await table.remove(row.partitionKey, row.rowKey, row.etag, CALL)
}
