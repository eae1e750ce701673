import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from '../local/repository-root.ts'
import { avoidedCalls } from './avoided-calls.ts'
import { cachedRead, freshTokenRead } from './cached-read.ts'
import { coldStart } from './cold-start.ts'
import { decisions } from './decisions.ts'
import type { Benchmark, Figure } from './figure.ts'
import { groupCommit } from './group-commit.ts'
import { policyEffect } from './policy-effect.ts'
import { rotationTick } from './rotation-tick.ts'
import { singleFlight } from './single-flight.ts'
import { tokenExchange } from './token-exchange.ts'

const BENCHMARKS = [
  cachedRead,
  freshTokenRead,
  tokenExchange,
  decisions,
  groupCommit,
  singleFlight,
  avoidedCalls,
  coldStart,
  policyEffect,
  rotationTick,
]
// A new instance in Azure has no compile cache: a cold start is measured without.
delete process.env['NODE_COMPILE_CACHE']

const RESULTS = join(repositoryRoot, 'bench', 'results.json')

const wanted = process.argv.slice(2)
const unknown = wanted.filter((id) => !BENCHMARKS.some((benchmark) => benchmark.id === id))
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(' ')}; there are ${BENCHMARKS.map(({ id }) => id).join(' ')}\n`)
  process.exit(2)
}

const chosen = BENCHMARKS.filter(({ id }) => wanted.length === 0 || wanted.includes(id))
const say = (line: string) => process.stdout.write(`${line}\n`)
if (wanted.length !== 1) say(`Node ${process.version}, ${cpus().length} cores; ratios to a baseline of the same run`)
for (const benchmark of chosen) {
  // One process each: the SDK's managed-identity client keeps the first endpoint it saw for the life of a process.
  if (chosen.length > 1) spawnSync(process.execPath, [import.meta.filename, benchmark.id], { stdio: 'inherit' })
  else await measure(benchmark)
}

async function measure({ id, what, run }: Benchmark): Promise<void> {
  say(`\n${id}  ${what}`)
  const figure = await run((line) => say(`    ${line}`))
  const results = { ...previous(), [id]: figure }
  writeFileSync(RESULTS, `${JSON.stringify(results, null, 2)}\n`)
  const [low, high] = figure.spread
  say(`    = ${figure.value} ${figure.unit} (${low} to ${high}); goal ${figure.goal}: ${figure.met ? 'met' : 'MISSED'}`)
  for (const [name, value] of Object.entries(figure.notes ?? {})) say(`      ${name}: ${value}`)
}

/** Figures of benchmarks that are not run this time stay. */
function previous(): Record<string, Figure> {
  try {
    return JSON.parse(readFileSync(RESULTS, 'utf8'))
  } catch {
    return {}
  }
}
