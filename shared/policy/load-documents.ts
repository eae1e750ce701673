import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { JsonFault, parseStrictJson } from '../strict-json.ts'

/** One document and where it stands: `policies/roles.json` or, in a file with a list, `policies/roles.json#2`. */
export type SourcedDocument = { source: string; value: unknown }

/** A file that is no JSON, or holds duplicate keys or the like. */
export class UnreadableDocument extends Error {
  readonly source: string

  constructor(source: string, reason: string) {
    super(`${source}: ${reason}`)
    this.name = 'UnreadableDocument'
    this.source = source
  }
}

/** Every document of the `.json` files in a folder (not of its subfolders), in the order of names. */
export async function loadDocuments(folder: string): Promise<unknown[]> {
  return (await readDocuments([folder])).map(({ value }) => value)
}

/** Documents of files and folders; a file holds one document or a list of them. Throws UnreadableDocument or the error of the file system. */
export async function readDocuments(paths: readonly string[]): Promise<SourcedDocument[]> {
  const files = (await Promise.all(paths.map(filesOf))).flat()
  return (await Promise.all(files.map(readFileDocuments))).flat()
}

async function filesOf(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const names = (await readdir(path)).filter((name) => name.endsWith('.json')).sort()
  return names.map((name) => join(path, name))
}

async function readFileDocuments(file: string): Promise<SourcedDocument[]> {
  const value = parse(file, await readFile(file))
  if (!Array.isArray(value)) return [{ source: file, value }]
  return value.map((one, at) => ({ source: `${file}#${at}`, value: one }))
}

function parse(file: string, bytes: Buffer): unknown {
  try {
    return parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    if (error instanceof JsonFault) throw new UnreadableDocument(file, SENTENCES[error.reason])
    throw new UnreadableDocument(file, 'is not UTF-8')
  }
}

const SENTENCES: Record<JsonFault['reason'], string> = {
  syntax: 'is not JSON',
  depth: 'is nested too deeply',
  duplicate_key: 'holds a key twice in one object',
  forbidden_key: 'holds a key that is not allowed anywhere (__proto__, constructor, prototype)',
}
