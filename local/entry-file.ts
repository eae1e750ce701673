import { join } from 'node:path'
import { repositoryRoot } from './repository-root.ts'

/**
 * Where the script of a process stands: its source. A test run builds them all at once (test/support/built-entries.ts) and names that
 * folder in SALLYPORT_BUILT_ENTRIES, since hundreds of source files cost each process half a second of CPU to load.
 */
export function entryFile(source: string): string {
  const built = process.env['SALLYPORT_BUILT_ENTRIES']
  return built ? join(built, source.replace(/\.ts$/, '.mjs')) : join(repositoryRoot, source)
}
