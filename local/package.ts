import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type ZipOptions, zipSync } from 'fflate'
import { bundle } from './build.ts'
import { repositoryRoot } from './repository-root.ts'

/** Where `npm run package` puts the zip, and beside it the same files for azd, which makes its own zip of a folder. */
const ZIP = 'dist/sallyport.zip'
const FOLDER = 'dist/package'

const API_DOCUMENTS = ['docs/openapi.json', 'docs/swagger.json']

/** Zip has times in local time without a zone, and none before 1980: a local date gives the same bytes everywhere. */
const ATTRIBUTES: ZipOptions = { level: 9, mtime: new Date(1980, 0, 1), os: 3, attrs: 0o100644 << 16 }

/**
 * What Flex Consumption is given, by path. The bundle needs no package beside it: core comes from the worker, and the two
 * optional packages that are left out of it (pg-native, @aws-sdk/signature-v4-crt) are asked for in vain everywhere.
 */
export async function packageFiles(): Promise<Record<string, Uint8Array>> {
  const main = 'dist/index.cjs'
  await bundle('functions/index.ts', main)
  const { name, version } = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8'))
  return {
    [main]: readFileSync(join(repositoryRoot, main)),
    // What GET /openapi.json and GET /swagger.json answer, read at their first request.
    ...Object.fromEntries(API_DOCUMENTS.map((path) => [path, readFileSync(join(repositoryRoot, path))])),
    'host.json': readFileSync(join(repositoryRoot, 'host.json')),
    'package.json': Buffer.from(`${JSON.stringify({ name, version, private: true, main }, null, 2)}\n`),
  }
}

/** The same files give the same bytes. */
export function zipOf(files: Record<string, Uint8Array>): Uint8Array {
  const sorted = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1))
  return zipSync(Object.fromEntries(sorted.map(([path, bytes]) => [path, [bytes, ATTRIBUTES] as const])))
}

/** Writes them into a folder in which nothing else is afterwards. */
export function writeFolder(folder: string, files: Record<string, Uint8Array>): void {
  rmSync(folder, { recursive: true, force: true })
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), bytes)
  }
}

if (import.meta.main) {
  const files = await packageFiles()
  writeFolder(join(repositoryRoot, FOLDER), files)
  for (const [path, { length }] of Object.entries(files)) process.stdout.write(`  ${path} ${length}\n`)
  const zip = zipOf(files)
  writeFileSync(join(repositoryRoot, ZIP), zip)
  process.stdout.write(`${ZIP} ${zip.length} bytes, and the same files in ${FOLDER}\n`)
}
