import { resolve } from 'node:path'
import { GatewayError } from '../shared/errors.ts'
import { parsePolicySet, type SetOptions } from '../shared/policy/documents/policy-set.ts'
import { readDocuments, type SourcedDocument, UnreadableDocument } from '../shared/policy/load-documents.ts'
import { API_MANAGER } from '../shared/policy/plan/merge.ts'
import { DEFAULT_MANAGER } from '../shared/policy/storage/version-row.ts'
import { type Answer, type Call, CliError, EXIT } from './verb.ts'

/** A fault with the file it stands in instead of the document's position. */
export type SourcedFault = { source: string; pointer: string; detail: string }

/** Reads what `--dir` and the arguments name; throws CliError when there is nothing to read or it is no JSON. */
export async function documentsOf({ values, positionals, cwd }: Call): Promise<SourcedDocument[]> {
  const named = [...(typeof values['dir'] === 'string' ? [values['dir']] : []), ...positionals]
  if (named.length === 0) throw new CliError(EXIT.usage, 'name the documents: --dir DIR or files')
  const documents = await readPaths(named.map((path) => resolve(cwd, path)))
  if (documents.length === 0) throw new CliError(EXIT.usage, `there is no policy document in ${named.join(', ')}`)
  return documents
}

/** Documents of files and folders; throws CliError where one cannot be read. */
export async function readPaths(paths: readonly string[]): Promise<SourcedDocument[]> {
  return readDocuments(paths).catch((error: unknown) => {
    if (error instanceof UnreadableDocument) throw new CliError(EXIT.refused, error.message, { source: error.source })
    const { code, path } = error as NodeJS.ErrnoException
    throw new CliError(EXIT.usage, `cannot read ${path ?? 'the documents'} (${code ?? 'unknown error'})`)
  })
}

/** Every fault of the documents, each by itself and all together. */
export function faultsIn(documents: readonly SourcedDocument[], options: SetOptions = {}): SourcedFault[] {
  const parsed = parsePolicySet(
    documents.map(({ value }) => value),
    options,
  )
  return parsed.ok ? [] : parsed.faults.map((fault) => sourced(fault, documents))
}

export const faultLines = (faults: readonly SourcedFault[]) =>
  faults.map(({ source, pointer, detail }) => `${source} ${pointer || '(the document)'}: ${detail}`)

/** Runs what checks the documents together with the table's; its faults become an answer that names their files. */
export async function withFaults(documents: readonly SourcedDocument[], run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run()
  } catch (error) {
    if (!(error instanceof GatewayError && error.code === 'invalid_document')) throw error
    const faults = (error.extras.errors ?? []).map((fault) => sourced(fault, documents))
    return { exit: EXIT.refused, json: { ok: false, faults }, text: [...faultLines(faults), 'nothing was changed'] }
  }
}

function sourced({ pointer, detail }: { pointer: string; detail: string }, documents: readonly SourcedDocument[]) {
  const [, at = '', ...rest] = pointer.split('/')
  const source = /^\d+$/.test(at) ? documents[Number(at)]?.source : undefined
  if (source === undefined) return { source: 'the table', pointer, detail }
  return { source, pointer: rest.map((part) => `/${part}`).join(''), detail }
}

/** Whose documents the call is about: `--manager`, else the default. */
export function managerOf({ values }: Call): string {
  const manager = String(values['manager'] ?? DEFAULT_MANAGER)
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(manager)) {
    throw new CliError(EXIT.usage, '--manager: 1 to 63 of a-z, 0-9 and inner dashes')
  }
  if (manager === API_MANAGER) throw new CliError(EXIT.usage, `--manager: ${API_MANAGER} stands for the HTTP API`)
  return manager
}
