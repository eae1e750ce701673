import { resolve } from 'node:path'
import { parsePolicySet } from '../shared/policy/documents/policy-set.ts'
import { readDocuments, type SourcedDocument, UnreadableDocument } from '../shared/policy/load-documents.ts'
import { type Call, CliError, EXIT } from './verb.ts'

/** A fault with the file it stands in instead of the document's position. */
export type SourcedFault = { source: string; pointer: string; detail: string }

/** Reads what `--dir` and the arguments name; throws CliError when there is nothing to read or it is no JSON. */
export async function documentsOf({ values, positionals, cwd }: Call): Promise<SourcedDocument[]> {
  const named = [...(typeof values['dir'] === 'string' ? [values['dir']] : []), ...positionals]
  if (named.length === 0) throw new CliError(EXIT.usage, 'name the documents: --dir DIR or files')
  const documents = await readDocuments(named.map((path) => resolve(cwd, path))).catch((error: unknown) => {
    if (error instanceof UnreadableDocument) throw new CliError(EXIT.refused, error.message, { source: error.source })
    const { code, path } = error as NodeJS.ErrnoException
    throw new CliError(EXIT.usage, `cannot read ${path ?? 'the documents'} (${code ?? 'unknown error'})`)
  })
  if (documents.length === 0) throw new CliError(EXIT.usage, `there is no policy document in ${named.join(', ')}`)
  return documents
}

/** Every fault of the documents, each by itself and all together. */
export function faultsIn(documents: readonly SourcedDocument[], forbiddenIssuer?: string): SourcedFault[] {
  const parsed = parsePolicySet(
    documents.map(({ value }) => value),
    { forbiddenIssuer },
  )
  if (parsed.ok) return []
  return parsed.faults.map(({ pointer, detail }) => {
    const [, at = '', ...rest] = pointer.split('/')
    const source = documents[Number(at)]?.source ?? ''
    return { source, pointer: rest.map((part) => `/${part}`).join(''), detail }
  })
}

export const faultLines = (faults: readonly SourcedFault[]) =>
  faults.map(({ source, pointer, detail }) => `${source} ${pointer || '(the document)'}: ${detail}`)
