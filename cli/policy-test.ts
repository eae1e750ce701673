import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { compileSet } from '../shared/policy/compile-set.ts'
import { type CaseResult, type DecisionCase, parseCases, runCases } from '../shared/policy/decision-cases.ts'
import { parsePolicySet } from '../shared/policy/documents/policy-set.ts'
import { readText } from '../shared/policy/plan/parse-with-others.ts'
import type { Snapshot } from '../shared/policy/snapshot.ts'
import { readCurrent } from '../shared/policy/storage/publish.ts'
import { parseStrictJson } from '../shared/strict-json.ts'
import { connect } from './connect.ts'
import { faultLines, faultsIn, readPaths } from './policy-documents.ts'
import { type Call, CliError, EXIT, type Verb } from './verb.ts'

export const policyTest: Verb = {
  name: 'policy test',
  usage: 'CASES.json… [--dir DIR]',
  summary:
    'Asks the documents of --dir, or else the set in force, every question of the case files: exit 1 with each answer that is not the expected one.',
  options: { dir: { type: 'string' } },
  async run(call) {
    if (call.positionals.length === 0) throw new CliError(EXIT.usage, 'name the files of cases')
    const files = await Promise.all(call.positionals.map((path) => casesOf(resolve(call.cwd, path))))
    const now = Date.now()
    const snapshot = await setOf(call, now)
    const results = runCases(files.flat(), snapshot, now)
    const failed = results.filter(({ wrong }) => wrong.length > 0)
    const text = [
      ...failed.flatMap(linesOf),
      `${results.length - failed.length} of ${results.length} cases are as expected`,
    ]
    const ok = failed.length === 0
    return { exit: ok ? EXIT.ok : EXIT.refused, json: { ok, cases: results.length, failed }, text }
  },
}

async function casesOf(file: string): Promise<DecisionCase[]> {
  const bytes = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new CliError(EXIT.usage, `cannot read ${file} (${error.code})`)
  })
  const parsed = parseCases(asJson(bytes, file))
  if (parsed.ok) return parsed.cases
  const faults = parsed.faults.map((fault) => ({ source: file, ...fault }))
  throw new CliError(EXIT.refused, faultLines(faults).join('\n'), { faults })
}

function asJson(text: string, file: string): unknown {
  try {
    return parseStrictJson(text)
  } catch {
    throw new CliError(EXIT.refused, `${file}: is not JSON, or holds a key twice`)
  }
}

async function setOf(call: Call, now: number): Promise<Snapshot> {
  const { dir } = call.values
  const documents = typeof dir === 'string' ? await readPaths([resolve(call.cwd, dir)]) : await inForce(call)
  const parsed = parsePolicySet(documents.map(({ value }) => value))
  if (!parsed.ok) {
    const faults = faultsIn(documents)
    throw new CliError(EXIT.refused, faultLines(faults).join('\n'), { faults })
  }
  return compileSet(parsed.documents, now)
}

async function inForce(call: Call) {
  const { table } = await connect(call)
  const { published, inForce: versions } = await readCurrent(table('policies'))
  if (!published) throw new CliError(EXIT.refused, 'no policy was ever applied')
  return versions.map(({ kind, id, text }) => ({ source: `${kind}/${id}`, value: readText(text) }))
}

function linesOf({ name, wrong }: CaseResult): string[] {
  const lines = wrong.map(
    ({ field, expected, actual }) =>
      `    ${field}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`,
  )
  return [`  ${name}`, ...lines]
}
