#!/usr/bin/env node
// Runs on any Node ≥ 20: starts cli/main.ts under the project's own Node 24, which runs the sources as they are.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const node = join(here, '..', 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
if (!existsSync(node)) {
  process.stderr.write(`sallyport: packages are missing: run \`npm ci\` in ${resolve(here, '..')}\n`)
  process.exit(2)
}

const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(here, 'main.ts'), ...process.argv.slice(2)], {
  stdio: 'inherit',
  // The sources are compiled once, not at each command.
  env: { ...process.env, NODE_COMPILE_CACHE: join(here, '..', 'node_modules', '.cache', 'sallyport-compile') },
})
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
