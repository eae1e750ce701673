// Runs on any Node ≥ 18 and starts the named script under the project's own Node 24, installing what is missing first.
// Traps: `npm ci` must run only when it has to (offline starts), under no lock of another start; npm scripts run with the
// machine's Node first on PATH, so the child gets node_modules/.bin in front.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const bin = join(root, 'node_modules', '.bin')
const stamp = join(root, 'node_modules', '.sallyport-installed')
const lock = join(root, 'node_modules.lock')

function wanted() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
}

function installed() {
  try {
    return readFileSync(stamp, 'utf8') === wanted() && existsSync(node())
  } catch {
    return false
  }
}

function node() {
  return join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

function npm(args) {
  const cli = process.env.npm_execpath
  const [command, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []]
  return spawnSync(command, [...first, ...args], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: command === 'npm' && process.platform === 'win32',
  })
}

/** Two first starts at once must not install into one folder: the second waits, and takes over from one that died. */
function takeLock() {
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (!holderLives()) rmSync(lock, { force: true })
      else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    }
  }
}

function holderLives() {
  try {
    // Signal 0 asks whether the process is there; an empty file is one that is just being written.
    const pid = Number(readFileSync(lock, 'utf8'))
    return pid === 0 || process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Why it could not be done, or undefined. */
function install() {
  takeLock()
  try {
    if (installed()) return undefined
    process.stderr.write('sallyport: installing packages (once, a minute or two)\n')
    const { status } = npm(['ci', '--no-fund', '--no-audit', '--loglevel=error'])
    if (status !== 0) return '`npm ci` failed; the lines above say why'
    if (!existsSync(node())) npm(['rebuild', 'node', '--loglevel=error'])
    if (!existsSync(node())) return 'the package `node` brought no Node 24 for this machine'
    writeFileSync(stamp, wanted())
    return undefined
  } finally {
    rmSync(lock, { force: true })
  }
}

const failure = installed() ? undefined : install()
if (failure) {
  process.stderr.write(`sallyport: ${failure}\n`)
  process.exit(1)
}

const [script, ...args] = process.argv.slice(2)
const child = spawn(node(), [script, ...args], {
  cwd: process.cwd(),
  stdio: 'inherit',
  env: {
    ...process.env,
    PATH: [bin, process.env.PATH].join(delimiter),
    NODE_NO_WARNINGS: '1',
    // Types are taken out of the sources and V8 compiles them once, not at each start of each process.
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'sallyport-compile'),
  },
})
// A terminal's Ctrl-C reaches the whole group, so the child may see it twice: stopping is idempotent there.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
