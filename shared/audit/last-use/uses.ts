import { hash } from 'node:crypto'
import type { StoredRow, Table } from '../../azure/table.ts'
import { mergeRow } from './merge-row.ts'

/** One principal's reads of one version of one secret. Times in milliseconds. */
export type Use = { principal: string; version: string; firstRead: number; lastRead: number; reads: number }

/** Resource `secret/<vault>/<name>`. */
export type UsesOf = (resource: string) => Promise<Use[]>

const CALL = { deadlineMs: 10_000 }

/** `/` may not stand in a key. */
const partitionOf = (resource: string) => resource.replaceAll('/', '|')

const rowOf = ({ principal, version }: Pick<Use, 'principal' | 'version'>) =>
  `${hash('sha256', principal, 'base64url')}|${version}`

/** Every use of every secret, with its resource. */
export async function* allUses(table: Table): AsyncIterable<Use & { resource: string }> {
  const range = { partitionFrom: 'secret|', partitionBefore: 'secret}' }
  for await (const row of table.list(range, { deadlineMs: 120_000 })) {
    const use = useIn(row)
    if (use) yield { resource: row.partitionKey.replaceAll('|', '/'), ...use }
  }
}

/** Table `lastuse`: PK resource, RK principal and version. */
export const createUses = (table: Table): { of: UsesOf; add: (resource: string, use: Use) => Promise<void> } => ({
  async of(resource) {
    const uses: Use[] = []
    for await (const row of table.list({ partitionKey: partitionOf(resource) }, CALL)) {
      const use = useIn(row)
      if (use) uses.push(use)
    }
    return uses
  },
  /** The later read wins. A count may be too high after a crash, a time never is. */
  add: (resource, use) =>
    mergeRow(table, { partitionKey: partitionOf(resource), rowKey: rowOf(use) }, (stored) => ({
      principal: use.principal,
      version: use.version,
      firstRead: Math.min(use.firstRead, Number(stored?.['firstRead'] ?? use.firstRead)),
      lastRead: Math.max(use.lastRead, Number(stored?.['lastRead'] ?? use.lastRead)),
      reads: use.reads + Number(stored?.['reads'] ?? 0),
    })),
})

/** Undefined for a row that somebody else has put there. */
function useIn({ principal, version, firstRead, lastRead, reads }: StoredRow): Use | undefined {
  if (typeof principal !== 'string' || typeof version !== 'string') return undefined
  return { principal, version, firstRead: Number(firstRead), lastRead: Number(lastRead), reads: Number(reads) }
}
