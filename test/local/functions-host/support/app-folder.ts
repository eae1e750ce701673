import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

/** A folder with the given files (objects become JSON) that sees this project's packages; `remove` deletes it. */
export function appFolder(files: Record<string, unknown>): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'functions-app-'))
  symlinkSync(MODULES, join(path, 'node_modules'))
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(path, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return { path, remove: () => rmSync(path, { recursive: true }) }
}
