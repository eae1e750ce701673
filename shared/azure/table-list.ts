import { GarbledAnswer } from './failure.ts'
import { type Query, StorageError, type Table } from './table.ts'
import type { OpenTable, TableCall } from './table-call.ts'
import { toFilter } from './table-filter.ts'
import { fromEntity } from './table-rows.ts'

const PAGE_ROWS = 1_000

/** Walks through all pages; a deadline is for all of them together. A list that cannot be finished ends in an error. */
export const listOf = (call: TableCall): Table['list'] =>
  async function* (query, options) {
    const until = options?.deadlineMs === undefined ? undefined : performance.now() + options.deadlineMs
    let token: string | undefined
    do {
      const left = until === undefined ? undefined : until - performance.now()
      if (left !== undefined && left <= 0) throw new StorageError('timeout')
      const page = await call(left, (table, signal) => readPage(table, { query, token, signal }))
      yield* page.rows
      token = page.next
    } while (token)
  }

type PageRequest = { query: Query; token: string | undefined; signal: AbortSignal }

async function readPage({ client, odata }: OpenTable, { query, token, signal }: PageRequest) {
  const filter = toFilter(query, odata)
  let looksRight = false
  const pages = client.listEntities({
    queryOptions: {
      ...(filter && { filter }),
      ...(query.select && { select: ['partitionKey', 'rowKey', ...query.select] }),
    },
    abortSignal: signal,
    // The SDK takes an answer without `value` for an empty page.
    onResponse: (raw) => {
      looksRight = Array.isArray((raw.parsedBody as { value?: unknown } | undefined)?.value)
    },
  })
  const settings = { maxPageSize: query.pageRows ?? PAGE_ROWS, ...(token && { continuationToken: token }) }
  const { value: page } = await pages.byPage(settings).next()
  if (!looksRight || !page) throw new GarbledAnswer()
  return { rows: page.map(fromEntity), next: page.continuationToken as string | undefined }
}
