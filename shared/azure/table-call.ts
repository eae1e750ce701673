import type { TableClient } from '@azure/data-tables'
import { withDeadline } from './deadline.ts'
import { type Failure, failureOf } from './failure.ts'
import { StorageError } from './table.ts'
import type { DeleteEtags } from './table-transaction.ts'

export type OpenTable = {
  client: TableClient
  odata(strings: TemplateStringsArray, ...values: unknown[]): string
  /** Where the ETags of deletions go for the policy that writes them into the batch. */
  deleteEtags: DeleteEtags
}

export type Act<T> = (table: OpenTable, abortSignal: AbortSignal) => Promise<T>

/** Refusals that are answers to the question; undefined for all others. */
export type Expected<T> = (failure: Failure) => { answer: T } | undefined

export type TableCall = <T>(deadlineMs: number | undefined, act: Act<T>, expected?: Expected<T>) => Promise<T>

/** Opens the client at the first call, bounds each by its deadline, and lets nothing out but answers and StorageErrors. */
export function createTableCall(open: () => Promise<OpenTable>): TableCall {
  return async (deadlineMs, act, expected) => {
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
}

export const when =
  <T>(status: number, code: string, answer: T): Expected<T> =>
  (failure) =>
    failure.kind === 'status' && failure.status === status && failure.code === code ? { answer } : undefined

/** 412, or 404 of the row; a missing table is no answer. */
export const whenChanged: Expected<'changed'> = (failure) => {
  if (failure.kind !== 'status') return undefined
  const gone = failure.status === 404 && failure.code === 'ResourceNotFound'
  return failure.status === 412 || gone ? { answer: 'changed' } : undefined
}

export const whenConflict: Expected<'conflict'> = (failure) =>
  whenChanged(failure) || when(409, 'EntityAlreadyExists', true)(failure) ? { answer: 'conflict' } : undefined

function storageError(failure: Failure): StorageError {
  if (failure.kind === 'timeout') return new StorageError('timeout')
  if (failure.kind !== 'status') return new StorageError('unreachable')
  const { status, code, retryAfterSeconds } = failure
  if (status === 429 || status === 503) return new StorageError('throttled', retryAfterSeconds)
  if (status === 401 || status === 403) return new StorageError('forbidden')
  if (code === 'TableNotFound' || code === 'TableBeingDeleted') return new StorageError('no_table')
  return new StorageError(status >= 400 && status < 500 ? 'rejected' : 'unreachable', retryAfterSeconds)
}
