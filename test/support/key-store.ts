import type { Change, Row, Table } from '../../shared/azure/table.ts'
import type { Vault } from '../../shared/secrets/vault.ts'

/** The same table with another partition: tests of one file do not see each other's rows. */
export function scopedTable(table: Table, scope: string): Table {
  const key = (partitionKey: string) => `${scope}-${partitionKey}`
  const moved = (row: Row): Row => ({ ...row, partitionKey: key(row.partitionKey) })
  const change = (each: Change): Change =>
    each.act === 'remove' ? { ...each, partitionKey: key(each.partitionKey) } : { ...each, row: moved(each.row) }
  return {
    get: (partitionKey, rowKey, options) => table.get(key(partitionKey), rowKey, options),
    insert: (row, options) => table.insert(moved(row), options),
    replace: (row, etag, options) => table.replace(moved(row), etag, options),
    remove: (partitionKey, rowKey, etag, options) => table.remove(key(partitionKey), rowKey, etag, options),
    list: ({ partitionKey, ...rest }, options) =>
      table.list({ ...rest, ...(partitionKey !== undefined && { partitionKey: key(partitionKey) }) }, options),
    transact: (changes, options) => table.transact(changes.map(change), options),
  }
}

/** The same vault with other names. */
export function scopedVault(vault: Vault, scope: string): Vault {
  const name = (secret: string) => `${scope}-${secret}`
  return {
    get: (secret, version) => vault.get(name(secret), version),
    versions: (secret) => vault.versions(name(secret)),
    list: () => vault.list(),
    set: (secret, value) => vault.set(name(secret), value),
    setEnabled: (secret, version, enabled) => vault.setEnabled(name(secret), version, enabled),
  }
}

/** What runs around each write: `act` sends it. */
export type AroundWrite = <T>(act: () => Promise<T>) => Promise<T>

/** Lets `around` see every write, and every call at all by `before`: to kill or to hold a process at one of them. */
export function watchTable(table: Table, { before = async () => {}, around }: Watch): Table {
  const guarded = async <T>(act: () => Promise<T>, write: boolean): Promise<T> => {
    await before()
    return write ? around(act) : act()
  }
  return {
    get: (...call) => guarded(() => table.get(...call), false),
    insert: (...call) => guarded(() => table.insert(...call), true),
    replace: (...call) => guarded(() => table.replace(...call), true),
    remove: (...call) => guarded(() => table.remove(...call), true),
    transact: (...call) => guarded(() => table.transact(...call), true),
    async *list(...call) {
      await before()
      yield* table.list(...call)
    },
  }
}

export function watchVault(vault: Vault, { before = async () => {}, around }: Watch): Vault {
  return {
    ...vault,
    get: async (...call) => {
      await before()
      return vault.get(...call)
    },
    set: async (...call) => {
      await before()
      return around(() => vault.set(...call))
    },
    setEnabled: async (...call) => {
      await before()
      return around(() => vault.setEnabled(...call))
    },
  }
}

export type Watch = { before?: () => Promise<void>; around: AroundWrite }

/** A process that dies right after its n-th write: that one is done, and nothing it does afterwards happens. */
export function killAfter(writes: number): Watch & { killed: () => boolean } {
  let left = writes
  const dead = () => left <= 0
  return {
    before: async () => {
      if (dead()) throw new Error('killed')
    },
    around: async (act) => {
      const result = await act()
      left--
      if (dead()) throw new Error('killed')
      return result
    },
    killed: dead,
  }
}
