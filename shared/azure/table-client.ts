import type { TransactionAction } from '@azure/data-tables'
import { GarbledAnswer } from './failure.ts'
import { StorageError, type Table } from './table.ts'
import { createTableCall, type OpenTable, type TableCall, when, whenChanged, whenConflict } from './table-call.ts'
import { checkKey } from './table-keys.ts'
import { listOf } from './table-list.ts'
import { fromEntity, toEntity } from './table-rows.ts'
import { toActions } from './table-transaction.ts'

/**
 * The port Table over the SDK's TableClient. Updates and deletions always carry the ETag they were given (the SDK's own
 * default is `*`, T12); everything that is no answer to the question comes out as StorageError, the SDK's error left behind.
 */
export function createTable(open: () => Promise<OpenTable>): Table {
  const call = createTableCall(open)
  return {
    get: getOf(call),
    insert: insertOf(call),
    replace: replaceOf(call),
    remove: removeOf(call),
    list: listOf(call),
    transact: transactOf(call),
  }
}

const getOf =
  (call: TableCall): Table['get'] =>
  async (partitionKey, rowKey, options) => {
    checkKey(partitionKey)
    checkKey(rowKey)
    return call(
      options?.deadlineMs,
      async ({ client }, abortSignal) => {
        const row = fromEntity(await client.getEntity(partitionKey, rowKey, { abortSignal }))
        if (row.partitionKey !== partitionKey || row.rowKey !== rowKey) throw new GarbledAnswer()
        return row
      },
      when(404, 'ResourceNotFound', undefined),
    )
  }

const insertOf =
  (call: TableCall): Table['insert'] =>
  async (row, options) => {
    const entity = toEntity(row)
    return call<'inserted' | 'exists'>(
      options?.deadlineMs,
      async ({ client }, abortSignal) => {
        await client.createEntity(entity, { abortSignal })
        return 'inserted'
      },
      when(409, 'EntityAlreadyExists', 'exists'),
    )
  }

const replaceOf =
  (call: TableCall): Table['replace'] =>
  async (row, etag, options) => {
    const entity = toEntity(row)
    checkEtag(etag)
    return call<{ etag: string } | 'changed'>(
      options?.deadlineMs,
      async ({ client }, abortSignal) => {
        const answer = await client.updateEntity(entity, 'Replace', { etag, abortSignal })
        if (!answer.etag) throw new GarbledAnswer()
        return { etag: answer.etag }
      },
      whenChanged,
    )
  }

const removeOf =
  (call: TableCall): Table['remove'] =>
  async (partitionKey, rowKey, etag, options) => {
    checkKey(partitionKey)
    checkKey(rowKey)
    checkEtag(etag)
    return call<'removed' | 'changed'>(
      options?.deadlineMs,
      async ({ client }, abortSignal) => {
        await client.deleteEntity(partitionKey, rowKey, { etag, abortSignal })
        return 'removed'
      },
      whenChanged,
    )
  }

const transactOf =
  (call: TableCall): Table['transact'] =>
  async (changes, options) => {
    const { actions, etags } = toActions(changes)
    return call<'done' | 'conflict'>(
      options?.deadlineMs,
      async ({ client, deleteEtags }, abortSignal) => {
        deleteEtags.set(abortSignal, etags)
        const answer = await client.submitTransaction(actions as TransactionAction[], { abortSignal })
        if (answer.subResponses.length !== changes.length) throw new GarbledAnswer()
        return 'done'
      },
      whenConflict,
    )
  }

/** INVARIANT: no wildcard and nothing empty: an update without a real ETag overwrites what somebody else wrote. */
function checkEtag(etag: string): void {
  if (typeof etag !== 'string' || etag === '' || etag === '*') throw new StorageError('rejected')
}
