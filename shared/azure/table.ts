/** Column values as Table Storage keeps them; a bigint is an Edm.Int64. */
export type Column = string | number | boolean | bigint

export type Row = { partitionKey: string; rowKey: string } & Record<string, Column | undefined>

/** A row as read: `etag` must go back with every change of it (an SDK default of `*` would lose writes, T12). */
export type StoredRow = Row & { etag: string }

export type Query = {
  partitionKey?: string
  /** Half-open range of partition keys. */
  partitionFrom?: string
  partitionBefore?: string
  rowFrom?: string
  rowBefore?: string
  select?: readonly string[]
  /** Rows read at a time, at most and by default 1,000: fewer where rows are big, since each page has a deadline. */
  pageRows?: number
}

export type Change =
  | { act: 'insert'; row: Row }
  | { act: 'replace'; row: Row; etag: string }
  | { act: 'remove'; partitionKey: string; rowKey: string; etag: string }

/**
 * One table, as the slices see it. Every method throws GatewayError `storage_unavailable`… of its consumer's choosing only
 * through {@link StorageError}: anything else that comes out is a bug. Keys are checked before they leave (no `/ \ # ?`, no
 * controls, at most 512 characters), filters are built by the SDK's `odata` tag alone (T15, T16).
 */
export type Table = {
  get(partitionKey: string, rowKey: string, options?: CallOptions): Promise<StoredRow | undefined>
  /** `exists` = 409; a retried insert that had committed also answers so: compare an operation id of your own. */
  insert(row: Row, options?: CallOptions): Promise<'inserted' | 'exists'>
  /** Compare-and-set; `changed` = 412 or 404. Gives the new ETag. */
  replace(row: Row, etag: string, options?: CallOptions): Promise<{ etag: string } | 'changed'>
  remove(partitionKey: string, rowKey: string, etag: string, options?: CallOptions): Promise<'removed' | 'changed'>
  /** Pages through everything that matches, in key order. */
  list(query: Query, options?: CallOptions): AsyncIterable<StoredRow>
  /** One entity-group transaction (≤ 100 changes, one partition): all or nothing. */
  transact(changes: readonly Change[], options?: CallOptions): Promise<'done' | 'conflict'>
}

export type CallOptions = {
  /** Ends the call, retries included. */
  deadlineMs?: number
}

/** Storage could not answer: down, slow, throttling, refusing or answering rubbish. Carries no SDK error (those hold bodies and headers). */
export class StorageError extends Error {
  readonly reason: 'unreachable' | 'timeout' | 'throttled' | 'forbidden' | 'no_table' | 'invalid_key' | 'rejected'
  readonly retryAfterSeconds: number | undefined

  constructor(reason: StorageError['reason'], retryAfterSeconds?: number) {
    super(`storage: ${reason}`)
    this.name = 'StorageError'
    this.reason = reason
    this.retryAfterSeconds = retryAfterSeconds
  }
}
