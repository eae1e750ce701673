import { GarbledAnswer } from './failure.ts'
import { type Column, type Row, StorageError, type StoredRow } from './table.ts'
import { checkKey } from './table-keys.ts'

/** 64 KiB of UTF-16 a string; Azurite does not check it, Azure does. */
const MAX_STRING_LENGTH = 32_768
const MAX_INT32 = 2_147_483_647
/** Names the service keeps for itself; what a caller read back with a row must not be written as a column. */
const SYSTEM_COLUMNS: ReadonlySet<string> = new Set(['etag', 'timestamp', 'Timestamp'])

export type Entity = { partitionKey: string; rowKey: string } & Record<string, unknown>

/** Turns a row into what the SDK writes. Throws StorageError `invalid_key` or `rejected` (a value no table can keep). */
export function toEntity(row: Row): Entity {
  checkKey(row.partitionKey)
  checkKey(row.rowKey)
  const entity: Entity = { partitionKey: row.partitionKey, rowKey: row.rowKey }
  for (const [name, value] of Object.entries(row)) {
    if (value !== undefined && !SYSTEM_COLUMNS.has(name)) entity[name] = toCell(value)
  }
  return entity
}

/** The SDK writes every number without a type, which the service reads as Edm.Int32: larger ones need theirs said. */
function toCell(value: Column): unknown {
  if (typeof value === 'string' && value.length > MAX_STRING_LENGTH) throw new StorageError('rejected')
  if (typeof value !== 'number') return value
  if (!Number.isFinite(value)) throw new StorageError('rejected')
  return Number.isInteger(value) && Math.abs(value) > MAX_INT32 ? { value, type: 'Double' } : value
}

/** Turns what the SDK read into a row; whatever does not look like one is a garbled answer. */
export function fromEntity(entity: unknown): StoredRow {
  if (typeof entity !== 'object' || entity === null) throw new GarbledAnswer()
  const { partitionKey, rowKey, etag, ...rest } = entity as Record<string, unknown>
  if (typeof partitionKey !== 'string' || typeof rowKey !== 'string' || typeof etag !== 'string' || etag === '') {
    throw new GarbledAnswer()
  }
  const row: Record<string, Column> & { partitionKey: string; rowKey: string; etag: string } = {
    partitionKey,
    rowKey,
    etag,
  }
  for (const [name, value] of Object.entries(rest)) {
    if (SYSTEM_COLUMNS.has(name) || name.startsWith('odata.') || value === undefined || value === null) continue
    row[name] = fromCell(value)
  }
  return row
}

function fromCell(value: unknown): Column {
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'object') throw new GarbledAnswer()
  return value as Column
}
