import { createHash } from 'node:crypto'
import { canonicalJson } from '../policy/documents/canonical-json.ts'
import type { Current } from '../policy/storage/publish.ts'

/** One document that is to be written or to go; `text` is canonical, absent when it goes. */
export type PolicyChange = { kind: string; id: string; text?: string }

/**
 * SHA-256 (hex) of a change: of what, by whom, on which revision of which table. So an approval is good for that very change
 * and no other, and for nothing once anything has changed.
 */
export function changeHash(change: PolicyChange, writer: string, { published }: Pick<Current, 'published'>): string {
  const { lineage = '', revision = 0 } = published ?? {}
  return createHash('sha256')
    .update(canonicalJson({ ...change, writer, lineage, revision }))
    .digest('hex')
}
