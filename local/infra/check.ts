import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'
import { ADDED_PARAMETERS, BAD_PARAMETERS } from './bad-parameters.ts'
import { type Compiler, startCompiler } from './compiler.ts'
import { findCompiler } from './find-compiler.ts'
import { MATRIX, parametersOf, replaceParameter } from './matrix.ts'
import { checkSampleWorkflows } from './sample-workflows.ts'
import { type Snapshot, writeSnapshot } from './snapshot.ts'
import { MUTATIONS, tryMutation } from './source-mutations.ts'

const infra = join(repositoryRoot, 'infra')
/** The Graph extension comes from the network: of the identity layer form and parameters are checked, not what is in its resources. */
const WITHOUT_EXTENSION = ['BCP380', 'BCP029', 'BCP062']
const mayWrite = process.argv.includes('--write')
const say = (line: string) => process.stdout.write(`${line}\n`)

const found = findCompiler(process.env)
if (found.path === undefined) {
  say(`infra: NOT CHECKED, there is no compiler: ${found.why}`)
  process.exit(1)
}
say(`infra: Bicep from ${found.from}`)
const compiler = startCompiler(found.path)
const copy = mkdtempSync(join(tmpdir(), 'sallyport-infra-'))
try {
  const wrong = await checkSources(compiler)
  // Of sources that do not compile there is nothing to predict: what the compiler said of them is all there is to say.
  const faults = wrong.length > 0 ? wrong : await checkPredictions(compiler)
  for (const fault of faults) say(`  ${fault}`)
  say(faults.length === 0 ? 'infra: ok' : `infra: ${faults.length} findings`)
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  compiler.stop()
  rmSync(copy, { recursive: true, force: true })
}

async function checkPredictions(compiler: Compiler): Promise<string[]> {
  return [
    ...(await checkBuild(compiler)),
    ...(await checkSnapshots(compiler)),
    ...(await checkRefusals(compiler)),
    ...(await checkSampleWorkflows(compiler, { copy, compare })),
    ...(await checkMutations(compiler)),
  ]
}

function sources(): string[] {
  return readdirSync(infra, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.bicep(param)?$/.test(path))
    .map((path) => join(infra, path))
}

function isForgiven(path: string, code: string): boolean {
  return relative(infra, path).startsWith('identity') && WITHOUT_EXTENSION.includes(code)
}

async function checkSources({ compile, format }: Compiler): Promise<string[]> {
  const faults: string[] = []
  for (const path of sources()) {
    const name = relative(repositoryRoot, path)
    faults.push(...compare(name, await format(path)))
    if (path.endsWith('.bicepparam')) continue
    const { diagnostics } = await compile(path)
    const found = diagnostics.filter(({ code }) => !isForgiven(path, code))
    faults.push(...found.map(({ level, code, message }) => `${name}: ${level} ${code}: ${message}`))
  }
  say(`infra: ${sources().length} sources formatted and linted`)
  return [...new Set(faults)]
}

async function checkBuild({ compile }: Compiler): Promise<string[]> {
  const { success, contents } = await compile(join(infra, 'main.bicep'))
  return success && contents ? compare('infra/main.json', `${contents.trimEnd()}\n`) : ['infra/main.bicep: no template']
}

async function checkSnapshots({ snapshot }: Compiler): Promise<string[]> {
  cpSync(infra, copy, { recursive: true })
  mkdirSync(join(infra, 'snapshots'), { recursive: true })
  mkdirSync(join(infra, 'logic-apps/snapshots'), { recursive: true })
  const faults = await inPairs(MATRIX, async (each) => {
    const path = join(copy, 'env', `${each.name}.bicepparam`)
    const text = readFileSync(join(infra, 'env', `${each.environment}.bicepparam`), 'utf8')
    writeFileSync(path, parametersOf(text, each))
    const predicted = JSON.parse(await snapshot(path)) as Snapshot
    return compare(`infra/snapshots/${each.name}.json`, writeSnapshot(predicted))
  })
  say(`infra: ${MATRIX.length} snapshots predicted`)
  return faults
}

/** Bad parameters are refused with a sentence: by the types when compiled, or by `fail` when the template is expanded. */
async function checkRefusals({ compileParameters, snapshot }: Compiler): Promise<string[]> {
  const good = readFileSync(join(infra, 'env', 'dev.bicepparam'), 'utf8')
  const of = { environment: 'dev', network: 'public', assignRoles: true, vaultAccess: 'vault' } as const
  const bad = [
    ...BAD_PARAMETERS.map(({ name, value, ...each }) => ({
      ...each,
      text: replaceParameter(parametersOf(good, { ...of, ...each.of }), name, value),
    })),
    ...ADDED_PARAMETERS.map(({ line, ...each }) => ({ ...each, text: `${good}\n${line}\n` })),
  ]
  const path = join(copy, 'env', 'bad.bicepparam')
  const faults: string[] = []
  for (const { what, says, text } of bad) {
    writeFileSync(path, text)
    const { success, diagnostics } = await compileParameters(path)
    const said = success
      ? await snapshot(path).catch((error: Error) => error.message)
      : diagnostics.map(({ message }) => message).join('\n')
    if (!says.test(said)) faults.push(`${what} is not refused in the words ${says}`)
  }
  say(`infra: ${bad.length} bad parameters tried`)
  return faults
}

async function checkMutations(compiler: Compiler): Promise<string[]> {
  const faults = await inPairs(MUTATIONS, async (mutation) => {
    const folder = join(copy, `mutation-${MUTATIONS.indexOf(mutation)}`)
    for (const part of [
      'main.bicep',
      'names.bicep',
      'types.bicep',
      'bicepconfig.json',
      'workbook.json',
      'modules',
      'env',
    ])
      cpSync(join(infra, part), join(folder, part), { recursive: true })
    return tryMutation(compiler, mutation, folder)
  })
  say(`infra: ${MUTATIONS.length} mutations of the sources tried`)
  return faults
}

/** Two at a time: the compiler is one process that uses as many cores as it is asked to. */
async function inPairs<T>(items: readonly T[], check: (item: T) => Promise<string[]>): Promise<string[]> {
  const faults: string[] = []
  for (let at = 0; at < items.length; at += 2)
    faults.push(...(await Promise.all(items.slice(at, at + 2).map(check))).flat())
  return faults
}

/** With `--write` the file becomes what it should be. */
function compare(name: string, wanted: string): string[] {
  const path = join(repositoryRoot, name)
  if (current(path) === wanted) return []
  if (!mayWrite) return [`${name} is not what the compiler gives: npm run infra -- --write`]
  writeFileSync(path, wanted)
  say(`  wrote ${name}`)
  return []
}

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
