import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { repositoryRoot } from '../repository-root.ts'
import { type Compiler, startCompiler } from './compiler.ts'
import { findCompiler } from './find-compiler.ts'
import { MATRIX, parametersOf } from './matrix.ts'
import { type Snapshot, writeSnapshot } from './snapshot.ts'

const infra = join(repositoryRoot, 'infra')
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
  const faults = [
    ...(await checkSources(compiler)),
    ...(await checkBuild(compiler)),
    ...(await checkSnapshots(compiler)),
  ]
  for (const fault of faults) say(`  ${fault}`)
  say(faults.length === 0 ? 'infra: ok' : `infra: ${faults.length} findings`)
  process.exitCode = faults.length === 0 ? 0 : 1
} finally {
  compiler.stop()
  rmSync(copy, { recursive: true, force: true })
}

/** The identity layer needs an extension from the network: it is looked at by shape alone, in the tests. */
function sources(): string[] {
  return readdirSync(infra, { recursive: true, encoding: 'utf8' })
    .filter((path) => /\.bicep(param)?$/.test(path) && !path.startsWith('identity'))
    .map((path) => join(infra, path))
}

async function checkSources({ compile, format }: Compiler): Promise<string[]> {
  const faults: string[] = []
  for (const path of sources()) {
    const name = relative(repositoryRoot, path)
    faults.push(...compare(name, await format(path)))
    if (path.endsWith('.bicepparam')) continue
    const { diagnostics } = await compile(path)
    faults.push(...diagnostics.map(({ level, code, message }) => `${name}: ${level} ${code}: ${message}`))
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
  const faults: string[] = []
  for (const each of MATRIX) {
    const path = join(copy, 'env', `${each.name}.bicepparam`)
    const text = readFileSync(join(infra, 'env', `${each.environment}.bicepparam`), 'utf8')
    writeFileSync(path, parametersOf(text, each))
    const predicted = JSON.parse(await snapshot(path)) as Snapshot
    faults.push(...compare(`infra/snapshots/${each.name}.json`, writeSnapshot(predicted)))
  }
  say(`infra: ${MATRIX.length} snapshots predicted`)
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
