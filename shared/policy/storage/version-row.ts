import { hash } from 'node:crypto'
import type { Row, StoredRow } from '../../azure/table.ts'

/** `until` of a version that nothing has replaced. */
export const IN_FORCE = '999999999999'

/** Azure counts two bytes a character and takes 64 KiB a property. */
const MAX_COLUMN_CHARACTERS = 30_000

/** One version of one document as a row of the `policies` table: PK kind, RK `<id>|<since>`. */
export type Version = {
  kind: string
  id: string
  /** First revision that holds it, and the one from which on it no longer does (12 digits). */
  since: number
  until: string
  /** Canonical text of the document. */
  text: string
  /** Who wrote it, and who ended it; rows of before there were managers are the default's. */
  manager: string
  endedBy: string | undefined
  /** Operation of a request that wrote it, by which a repeated request knows its own work. */
  operation: string | undefined
  row: StoredRow
}

/** A document as a set holds it. */
export type Member = Pick<Version, 'kind' | 'id' | 'text' | 'manager'> & { operation?: string | undefined }

/** Whose documents are those that `apply` makes when nothing else is said. */
export const DEFAULT_MANAGER = 'default'

export const revisionKey = (revision: number) => String(revision).padStart(12, '0')

/** SHA-256 of a document's canonical text, hex. */
export const contentHash = (text: string) => hash('sha256', text)

/** SHA-256 over the sorted content hashes: what the revision row promises of a set. */
export function setHash(texts: Iterable<string>): string {
  const hashes = [...texts].map(contentHash).sort()
  return hash('sha256', hashes.join('\n'))
}

/** `fence`: the claim under which it is written, so that a later apply can tell what a straggler left. */
export function versionRow({ kind, id, text, manager, operation }: Member, since: number, fence: number): Row {
  return {
    partitionKey: kind,
    rowKey: `${id}|${revisionKey(since)}`,
    until: IN_FORCE,
    fence,
    manager,
    ...(operation !== undefined && { operation }),
    ...textColumns(text),
  }
}

/** Reads a row without judging its text; undefined when it has not even the form of a version. */
export function readVersion(row: StoredRow): Version | undefined {
  const bar = row.rowKey.lastIndexOf('|')
  const since = row.rowKey.slice(bar + 1)
  const { until } = row
  if (bar < 1 || !/^\d{12}$/.test(since) || typeof until !== 'string' || !/^\d{12}$/.test(until)) return undefined
  const text = textOf(row)
  const named = (column: string) => (typeof row[column] === 'string' ? row[column] : undefined)
  return {
    ...{ kind: row.partitionKey, id: row.rowKey.slice(0, bar), since: Number(since), until, text, row },
    manager: named('manager') ?? DEFAULT_MANAGER,
    endedBy: until === IN_FORCE ? undefined : (named('endedBy') ?? DEFAULT_MANAGER),
    operation: named('operation'),
  }
}

/** A text as columns of a row, and back. */
export const textColumns = (text: string): Record<string, string> =>
  Object.fromEntries(pieces(text).map((piece, at) => [`body${at}`, piece]))

export function textOf(row: StoredRow): string {
  let text = ''
  for (let at = 0; typeof row[`body${at}`] === 'string'; at++) text += row[`body${at}`]
  return text
}

/** The versions that make up a revision. */
export function inForceAt(versions: readonly Version[], revision: number): Version[] {
  const key = revisionKey(revision)
  return versions.filter(({ since, until }) => since <= revision && key < until)
}

/** Never cuts a surrogate pair: half of one would not survive UTF-8. */
function pieces(text: string): string[] {
  const found: string[] = []
  for (let from = 0; from < text.length; ) {
    const end = from + MAX_COLUMN_CHARACTERS
    const splitsPair = /[\ud800-\udbff]/.test(text[end - 1] ?? '') && end < text.length
    const piece = text.slice(from, splitsPair ? end - 1 : end)
    found.push(piece)
    from += piece.length
  }
  return found
}
