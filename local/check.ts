import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { repositoryRoot } from './repository-root.ts'

const report = join(mkdtempSync(join(tmpdir(), 'sallyport-check-')), 'vitest.json')

/** The steps of `npm test`, cheap ones first; each is a command that can be run alone. */
const STEPS = [
  { what: 'types', command: 'node_modules/typescript/bin/tsc', args: ['--noEmit', '-p', '.'] },
  {
    what: 'format and lint',
    command: 'node_modules/@biomejs/biome/bin/biome',
    args: ['ci', '--error-on-warnings', '.'],
  },
  { what: 'dead code', command: 'node_modules/knip/bin/knip.js', args: ['--no-progress'] },
  { what: 'generated documents', command: 'local/docs/main.ts', args: ['--check'] },
  {
    what: 'tests',
    command: 'node_modules/vitest/vitest.mjs',
    args: ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...process.argv.slice(2)],
  },
]

let failed = 0
for (const [index, { what, command, args }] of STEPS.entries()) {
  process.stdout.write(`\n[${index + 1}/${STEPS.length}] ${what}\n`)
  const started = Date.now()
  const { status } = spawnSync(process.execPath, [command, ...args], { cwd: repositoryRoot, stdio: 'inherit' })
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  process.stdout.write(status === 0 ? `      ok (${seconds} s)\n` : `      FAILED: node ${command} ${args.join(' ')}\n`)
  if (status !== 0) failed += 1
}
process.stdout.write(`\n${testCounts()}\n`)
rmSync(join(report, '..'), { recursive: true, force: true })
process.exit(failed === 0 ? 0 : 1)

/** `N passed, N failed`: the line that machines read. */
function testCounts(): string {
  try {
    const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'))
    return `${numPassedTests} passed, ${numFailedTests} failed`
  } catch {
    return '0 passed, 1 failed'
  }
}
