import { hash } from 'node:crypto'
import type { Table } from '../../azure/table.ts'

/** One principal's reads of one version of one secret. Times in milliseconds. */
export type Use = { principal: string; version: string; firstRead: number; lastRead: number; reads: number }

/** Resource `secret/<vault>/<name>`. */
export type UsesOf = (resource: string) => Promise<Use[]>

const CALL = { deadlineMs: 10_000 }
const MAX_TRIES = 5

/** `/` may not stand in a key. */
const partitionOf = (resource: string) => resource.replaceAll('/', '|')

const rowOf = ({ principal, version }: Pick<Use, 'principal' | 'version'>) =>
  `${hash('sha256', principal, 'base64url')}|${version}`

/** Every use of every secret, with its resource. */
export async function* allUses(table: Table): AsyncIterable<Use & { resource: string }> {
  const range = { partitionFrom: 'secret|', partitionBefore: 'secret}' }
  for await (const { partitionKey, principal, version, firstRead, lastRead, reads } of table.list(range, {
    deadlineMs: 120_000,
  })) {
    if (typeof principal !== 'string' || typeof version !== 'string') continue
    const times = { firstRead: Number(firstRead), lastRead: Number(lastRead), reads: Number(reads) }
    yield { resource: partitionKey.replaceAll('|', '/'), principal, version, ...times }
  }
}

/** Table `lastuse`: PK resource, RK principal and version. */
export const createUses = (table: Table): { of: UsesOf; add: (resource: string, use: Use) => Promise<void> } => ({
  async of(resource) {
    const uses: Use[] = []
    for await (const { principal, version, firstRead, lastRead, reads } of table.list(
      { partitionKey: partitionOf(resource) },
      CALL,
    )) {
      if (typeof principal !== 'string' || typeof version !== 'string') continue
      uses.push({ principal, version, firstRead: Number(firstRead), lastRead: Number(lastRead), reads: Number(reads) })
    }
    return uses
  },
  /** Once more after a lost race: the later read wins. A count may be too high after a crash, a time never is. */
  async add(resource, use) {
    const key = { partitionKey: partitionOf(resource), rowKey: rowOf(use) }
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const stored = await table.get(key.partitionKey, key.rowKey, CALL)
      const row = {
        ...key,
        principal: use.principal,
        version: use.version,
        firstRead: Math.min(use.firstRead, Number(stored?.['firstRead'] ?? use.firstRead)),
        lastRead: Math.max(use.lastRead, Number(stored?.['lastRead'] ?? use.lastRead)),
        reads: use.reads + Number(stored?.['reads'] ?? 0),
      }
      const done = stored ? await table.replace(row, stored.etag, CALL) : await table.insert(row, CALL)
      if (done !== 'changed' && done !== 'exists') return
    }
  },
})
