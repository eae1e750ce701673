import { StorageError } from './azure/table.ts'
import { GatewayError } from './errors.ts'

/** What callers are told when Table Storage cannot be had: 503 `storage_unavailable`, reason `<what>_<why>`. */
export const storageUnavailable = (what: string, { reason, retryAfterSeconds = 2 }: StorageError) =>
  new GatewayError('storage_unavailable', `${what}_${reason}`, { retryAfterSeconds })

/** Runs something over Table Storage for a caller: its StorageError comes out as that GatewayError, all else as it is. */
export async function orUnavailable<T>(what: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw error instanceof StorageError ? storageUnavailable(what, error) : error
  }
}
