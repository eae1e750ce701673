import type { TableClient, TransactionAction } from '@azure/data-tables'
import { withDeadline } from './deadline.ts'
import { type Failure, failureOf, GarbledAnswer } from './failure.ts'
import { type Query, StorageError, type StoredRow, type Table } from './table.ts'
import { toFilter } from './table-filter.ts'
import { checkKey } from './table-keys.ts'
import { fromEntity, toEntity } from './table-rows.ts'
import { type DeleteEtags, toActions } from './table-transaction.ts'

export type OpenTable = {
  client: TableClient
  odata(strings: TemplateStringsArray, ...values: unknown[]): string
  /** Where the ETags of deletions go for the policy that writes them into the batch. */
  deleteEtags: DeleteEtags
}

const PAGE_ROWS = 1_000

/**
 * The port Table over the SDK's TableClient. Updates and deletions always carry the ETag they were given (the SDK's own
 * default is `*`, T12); everything that is no answer to the question comes out as StorageError, the SDK's error left behind.
 */
export function createTable(open: () => Promise<OpenTable>): Table {
  const call = async <T>(
    deadlineMs: number | undefined,
    act: (table: OpenTable, signal: AbortSignal) => Promise<T>,
    expected?: (failure: Failure) => { answer: T } | undefined,
  ): Promise<T> => {
    try {
      const table = await open()
      return await withDeadline(deadlineMs, (signal) => act(table, signal))
    } catch (error) {
      if (error instanceof StorageError) throw error
      const failure = failureOf(error)
      const known = expected?.(failure)
      if (known) return known.answer
      throw storageError(failure)
    }
  }

  return {
    async get(partitionKey, rowKey, options) {
      checkKey(partitionKey)
      checkKey(rowKey)
      const act = async ({ client }: OpenTable, abortSignal: AbortSignal): Promise<StoredRow | undefined> => {
        const row = fromEntity(await client.getEntity(partitionKey, rowKey, { abortSignal }))
        if (row.partitionKey !== partitionKey || row.rowKey !== rowKey) throw new GarbledAnswer()
        return row
      }
      return call(options?.deadlineMs, act, when(404, 'ResourceNotFound', undefined))
    },

    async insert(row, options) {
      const entity = toEntity(row)
      const act = async ({ client }: OpenTable, abortSignal: AbortSignal): Promise<'inserted' | 'exists'> => {
        await client.createEntity(entity, { abortSignal })
        return 'inserted'
      }
      return call(options?.deadlineMs, act, when(409, 'EntityAlreadyExists', 'exists'))
    },

    async replace(row, etag, options) {
      const entity = toEntity(row)
      checkEtag(etag)
      const act = async ({ client }: OpenTable, abortSignal: AbortSignal): Promise<{ etag: string } | 'changed'> => {
        const answer = await client.updateEntity(entity, 'Replace', { etag, abortSignal })
        if (!answer.etag) throw new GarbledAnswer()
        return { etag: answer.etag }
      }
      return call(options?.deadlineMs, act, whenChanged)
    },

    async remove(partitionKey, rowKey, etag, options) {
      checkKey(partitionKey)
      checkKey(rowKey)
      checkEtag(etag)
      const act = async ({ client }: OpenTable, abortSignal: AbortSignal): Promise<'removed' | 'changed'> => {
        await client.deleteEntity(partitionKey, rowKey, { etag, abortSignal })
        return 'removed'
      }
      return call(options?.deadlineMs, act, whenChanged)
    },

    async *list(query, options) {
      const until = options?.deadlineMs === undefined ? undefined : performance.now() + options.deadlineMs
      let token: string | undefined
      do {
        const left = until === undefined ? undefined : until - performance.now()
        if (left !== undefined && left <= 0) throw new StorageError('timeout')
        const page = await call(left, (table, signal) => readPage(table, { query, token, signal }))
        yield* page.rows
        token = page.next
      } while (token)
    },

    async transact(changes, options) {
      const { actions, etags } = toActions(changes)
      const act = async (
        { client, deleteEtags }: OpenTable,
        abortSignal: AbortSignal,
      ): Promise<'done' | 'conflict'> => {
        deleteEtags.set(abortSignal, etags)
        const answer = await client.submitTransaction(actions as TransactionAction[], { abortSignal })
        if (answer.subResponses.length !== changes.length) throw new GarbledAnswer()
        return 'done'
      }
      return call(options?.deadlineMs, act, whenConflict)
    },
  }
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

/** INVARIANT: no wildcard and nothing empty: an update without a real ETag overwrites what somebody else wrote. */
function checkEtag(etag: string): void {
  if (typeof etag !== 'string' || etag === '' || etag === '*') throw new StorageError('rejected')
}

const when =
  <T>(status: number, code: string, answer: T) =>
  (failure: Failure) =>
    failure.kind === 'status' && failure.status === status && failure.code === code ? { answer } : undefined

/** 412, or 404 of the row; a missing table is no answer. */
function whenChanged(failure: Failure): { answer: 'changed' } | undefined {
  if (failure.kind !== 'status') return undefined
  const gone = failure.status === 404 && failure.code === 'ResourceNotFound'
  return failure.status === 412 || gone ? { answer: 'changed' } : undefined
}

function whenConflict(failure: Failure): { answer: 'conflict' } | undefined {
  return whenChanged(failure) || when(409, 'EntityAlreadyExists', 'conflict')(failure)
    ? { answer: 'conflict' }
    : undefined
}

function storageError(failure: Failure): StorageError {
  if (failure.kind === 'timeout') return new StorageError('timeout')
  if (failure.kind !== 'status') return new StorageError('unreachable')
  const { status, code, retryAfterSeconds } = failure
  if (status === 429 || status === 503) return new StorageError('throttled', retryAfterSeconds)
  if (status === 401 || status === 403) return new StorageError('forbidden')
  if (code === 'TableNotFound' || code === 'TableBeingDeleted') return new StorageError('no_table')
  return new StorageError(status >= 400 && status < 500 ? 'rejected' : 'unreachable', retryAfterSeconds)
}
