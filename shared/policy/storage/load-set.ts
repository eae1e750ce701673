import type { Table } from '../../azure/table.ts'
import { JsonFault, parseStrictJson } from '../../strict-json.ts'
import { checkTogether } from '../documents/check-together.ts'
import { documentId, type PolicyDocument, parseDocument } from '../documents/document.ts'
import { createSnapshotBuilder, rolesFirst, type Snapshot } from '../snapshot.ts'
import { createTurns } from '../turns.ts'
import { listVersions } from './list-versions.ts'
import { fulfils, type Revision } from './revision.ts'
import { inForceAt, type Version } from './version-row.ts'

/** Parsed documents by their text, so that a change of one document does not parse the others again. */
export type ParsedTexts = ReadonlyMap<string, PolicyDocument>

export type Loaded =
  | { ok: true; snapshot: Snapshot; parsed: ParsedTexts }
  /** The rows are not what the revision promises, or hold what this build cannot accept. Never a document's content. */
  | { ok: false; event: 'policy.set_differs' | 'policy.invalid_document'; detail: Record<string, unknown> }

export type LoadOptions = { loadedAt: number; forbiddenIssuer: string; known: ParsedTexts }

/** Reads the set of a revision, checks it against count and hash and compiles it. Throws StorageError. */
export async function loadSet(table: Table, revision: Revision, options: LoadOptions): Promise<Loaded> {
  const versions = inForceAt(await listVersions(table), revision.revision)
  if (!fulfils(versions, revision)) {
    return { ok: false, event: 'policy.set_differs', detail: { revision: revision.revision, rows: versions.length } }
  }
  const parsed = new Map<string, PolicyDocument>()
  const documents: { document: PolicyDocument }[] = []
  const turn = createTurns()
  for (const version of versions) {
    const document = options.known.get(version.text) ?? parseVersion(version)
    if (!document || !isAtHome(version, document)) return invalid(revision, `${version.kind}/${version.id}`)
    parsed.set(version.text, document)
    documents.push({ document })
    await turn()
  }
  const faults = checkTogether(
    documents.map(({ document }) => document),
    options,
  )
  if (faults.length > 0) return invalid(revision, faults[0]?.pointer ?? '')
  const builder = createSnapshotBuilder()
  for (const { document } of rolesFirst(documents)) {
    builder.add(document)
    await turn()
  }
  return { ok: true, parsed, snapshot: builder.build({ revision: revision.revision, loadedAt: options.loadedAt }) }
}

function parseVersion({ text }: Version): PolicyDocument | undefined {
  try {
    const parsed = parseDocument(parseStrictJson(text))
    return parsed.ok ? parsed.document : undefined
  } catch (error) {
    if (error instanceof JsonFault) return undefined
    throw error
  }
}

/** A text moved under another key would pass count and hash, which cover texts alone. */
const isAtHome = ({ kind, id }: Version, document: PolicyDocument) =>
  document.kind === kind && documentId(document) === id

const invalid = ({ revision }: Revision, where: string): Loaded => ({
  ok: false,
  event: 'policy.invalid_document',
  detail: { revision, where },
})
