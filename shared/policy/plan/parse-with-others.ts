import { LRUCache } from 'lru-cache'
import { GatewayError } from '../../errors.ts'
import { JsonFault, parseStrictJson } from '../../strict-json.ts'
import { type AuthoredDocument, type Parsed, parseDocument } from '../documents/document.ts'
import type { Fault } from '../documents/faults.ts'
import { checkSet, type SetOptions } from '../documents/policy-set.ts'
import type { Current } from '../storage/publish.ts'
import type { Version } from '../storage/version-row.ts'
import { createTurns, gather } from '../turns.ts'
import { type MergeOptions, mergeDocuments } from './merge.ts'

export type ParseOptions = MergeOptions & SetOptions

/**
 * Checks a manager's documents together with those of others that stay in force. Throws GatewayError `invalid_document` with
 * every fault: pointers begin with the document's position, or with `/<kind>/<id>` for one of the table.
 */
export async function parseWithOthers(
  current: Pick<Current, 'versions' | 'inForce'>,
  documents: readonly unknown[],
  { forbiddenIssuer, refuse, ...options }: ParseOptions,
): Promise<AuthoredDocument[]> {
  const turn = createTurns()
  const own = await gather(documents, turn, (one) => [parseDocument(one)])
  const sound = own.flatMap((one) => (one.ok ? [one] : []))
  await turn()
  const others = mergeDocuments(current, sound, options).changes.filter(({ state }) => state === 'left_alone')
  const theirs = await gather(others, turn, ({ before = '' }) => [parseText(before)])
  // Of a text that is no document anew, only its name counts.
  const names = others.map(({ kind, id: name }) => ({ kind, name }))
  await turn()
  const written = new Set(sound.map(({ document }) => document))
  const refuseWritten: SetOptions['refuse'] = (document) => (written.has(document) ? (refuse?.(document) ?? []) : [])
  const checks = { forbiddenIssuer, refuse: refuseWritten }
  const parsed = checkSet([...documents, ...names], [...own, ...theirs], checks)
  if (parsed.ok) return parsed.documents.slice(0, documents.length)
  throw invalid(parsed.faults.map((fault) => atHome(fault, documents.length, others)))
}

export function invalid(errors: Fault[]): GatewayError {
  const detail = errors.length === 1 ? 'a document is not valid' : 'the documents are not valid'
  return new GatewayError('invalid_document', 'invalid_documents', { detail, errors })
}

function atHome({ pointer, detail }: Fault, own: number, others: readonly { kind: string; id: string }[]): Fault {
  const [, at = '', ...rest] = pointer.split('/')
  const other = others[Number(at) - own]
  return other ? { pointer: ['', other.kind, other.id, ...rest].join('/'), detail } : { pointer, detail }
}

/** Documents of texts that were read before: most of a set is the same from change to change. */
const known = new LRUCache<string, Parsed & { ok: true }>({
  maxSize: 8_000_000,
  sizeCalculation: (_, text) => text.length,
})

/** The document of a text, checked by itself. */
export function parseText(text: string): Parsed {
  const parsed = known.get(text) ?? parseDocument(readText(text))
  if (parsed.ok) known.set(text, parsed)
  return parsed
}

/** The document of a version; undefined when its text is no JSON, which no schema takes. */
export function readText(text: Version['text']): unknown {
  try {
    return parseStrictJson(text)
  } catch (error) {
    if (error instanceof JsonFault) return undefined
    throw error
  }
}
