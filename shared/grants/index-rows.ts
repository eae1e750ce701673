import { hash } from 'node:crypto'
import type { Row } from '../azure/table.ts'
import { hourOf } from '../time-keys.ts'
import type { Terms } from './access-context.ts'

/** Inverse times have this many digits. */
const LAST_TIME = 9_999_999_999_999

/**
 * Where a grant can be found, all in table `grants`, written before the grant itself. INVARIANT: no grant exists that these
 * do not lead to, so none escapes a revocation; a row without its grant (the process died in between) leads nowhere.
 * - `p|<hash of the root's principal id>` / `<inverse time>|<id>`: by principal, newest first
 * - `r|<first segment>|<second segment>` / `<id>`: by resource; a second segment with a star, or none, is `*`, and so is a first
 * - `e|<hour, UTC>` / `<id>`: by the last hour it can live in
 */
export function indexRows({ id, principal, openedAt, resources }: Terms, lastEndsAt: number): Row[] {
  const rows = [
    { partitionKey: principalPartition(principal), rowKey: `${String(LAST_TIME - openedAt).padStart(13, '0')}|${id}` },
    ...[...new Set(resources.map(resourcePartition))].map((partitionKey) => ({ partitionKey, rowKey: id })),
    { partitionKey: hourPartition(lastEndsAt), rowKey: id },
  ]
  return rows.map((row) => ({ ...row, grant: id }))
}

export const PRINCIPALS = { partitionFrom: 'p|', partitionBefore: 'p}' } as const

export const principalPartition = (principalId: string) => `p|${hash('sha256', principalId, 'base64url')}`

export const hourPartition = (time: number) => `e|${hourOf(time)}`

export function resourcePartition(pattern: string): string {
  const [first = '', second = '*'] = pattern.split('/')
  if (first.includes('*')) return 'r|*|*'
  return `r|${first}|${second.includes('*') ? '*' : second}`
}
