import type { Query } from './table.ts'
import { checkBound } from './table-keys.ts'

type OData = (strings: TemplateStringsArray, ...values: unknown[]) => string

/**
 * INVARIANT: only the SDK's `odata` tag puts a value into a filter, each in a template of its own right here; it doubles
 * quotes, so no value can end its literal (T15). Clauses are joined from finished text, never from values.
 */
export function toFilter(query: Query, odata: OData): string | undefined {
  const { partitionKey, partitionFrom, partitionBefore, rowFrom, rowBefore } = query
  for (const bound of [partitionKey, partitionFrom, partitionBefore, rowFrom, rowBefore]) {
    if (bound !== undefined) checkBound(bound)
  }
  const clauses = [
    partitionKey !== undefined && odata`PartitionKey eq ${partitionKey}`,
    partitionFrom !== undefined && odata`PartitionKey ge ${partitionFrom}`,
    partitionBefore !== undefined && odata`PartitionKey lt ${partitionBefore}`,
    rowFrom !== undefined && odata`RowKey ge ${rowFrom}`,
    rowBefore !== undefined && odata`RowKey lt ${rowBefore}`,
  ].filter((clause) => clause !== false)
  return clauses.length ? clauses.join(' and ') : undefined
}
