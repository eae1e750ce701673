import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'
import { checkWorkflow } from './check/check.ts'
import { describe } from './check/finding.ts'
import { SAMPLE_FILES } from './samples.ts'

/** Findings of each definition, by default of the samples, a line each, and whether there are none. */
export function checkFiles(paths: readonly string[]): { lines: string[]; isClean: boolean } {
  const files = paths.length > 0 ? paths : SAMPLE_FILES.map((file) => join(repositoryRoot, 'infra/logic-apps', file))
  const checked = files.map((file) => ({ file, faults: faultsOf(file) }))
  return {
    lines: checked.flatMap(({ file, faults }) => [`${file}: ${faults.length === 0 ? 'ok' : 'refused'}`, ...faults]),
    isClean: checked.every(({ faults }) => faults.length === 0),
  }
}

function faultsOf(file: string): string[] {
  try {
    return checkWorkflow(JSON.parse(readFileSync(file, 'utf8'))).map((finding) => `  ${describe(finding)}`)
  } catch (error) {
    const isJson = !(error instanceof SyntaxError)
    return [isJson ? `  cannot be read (${(error as NodeJS.ErrnoException).code})` : '  is not JSON']
  }
}
