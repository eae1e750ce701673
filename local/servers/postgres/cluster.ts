import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Certificates } from '../certificates.ts'
import { account, type Binaries } from './account.ts'

export type Cluster = { folder: string; binaries: Binaries }

/** Name of the superuser; its password is of this database alone. */
export const SUPERUSER = 'sallyport_superuser'

const READY = 'database system is ready to accept connections'
/** The server takes connections by TCP over TLS alone, and passwords by SCRAM. */
const HBA = ['127.0.0.1/32', '::1/128'].map((net) => `hostssl all all ${net} scram-sha-256\n`).join('')

/** Makes an empty database in the folder unless there is one; gives the superuser's password, which stays beside it. */
export function ensureCluster({ folder, binaries }: Cluster): string {
  const passwordFile = join(folder, 'superuser-password')
  const data = join(folder, 'data')
  if (existsSync(join(data, 'PG_VERSION'))) return readFileSync(passwordFile, 'utf8')
  rmSync(data, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  own(folder)
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 })
  own(passwordFile)
  const args = [`--pgdata=${data}`, `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`]
  const more = ['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions']
  const { status, stderr } = spawnSync(binaries.initdb, [...args, ...more], { ...account, encoding: 'utf8' })
  if (status !== 0) throw new Error(`initdb failed: ${stderr}`)
  return readFileSync(passwordFile, 'utf8')
}

/** Starts the server on the port and waits until it takes connections. `memory`: what it wrote need not outlive a crash of the machine. */
export async function startCluster(
  { folder, binaries }: Cluster,
  options: { port: number; tls: Certificates; memory: boolean },
) {
  const data = join(folder, 'data')
  await endStraggler(data)
  writeFileSync(join(data, 'pg_hba.conf'), HBA)
  const files = { ssl_cert_file: options.tls.cert, ssl_key_file: options.tls.key }
  for (const [name, from] of Object.entries(files)) place(from, join(data, `${name}.pem`))
  const settings = {
    ssl: 'on',
    ...Object.fromEntries(Object.keys(files).map((name) => [name, `${name}.pem`])),
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '50',
    shared_buffers: '32MB',
    // A refused password says so in the log with the statement; ours is no place for either.
    log_min_error_statement: 'panic',
    ...(options.memory && { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }),
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(binaries.postgres, ['-D', data, '-p', String(options.port), ...flags], {
    ...account,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  await ready(server)
  return {
    /** Fast shutdown: clients are cut, everything is written. */
    async stop() {
      if (server.exitCode !== null || server.signalCode !== null) return
      const ended = once(server, 'exit')
      server.kill('SIGINT')
      await ended
    },
  }
}

function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-4_000)
      if (said.includes(READY)) resolve()
    })
    server.once('error', reject)
    server.once('close', (code, signal) => reject(new Error(`PostgreSQL ended (${signal ?? `code ${code}`}): ${said}`)))
  })
}

/** A server whose parent was killed goes on; the next start takes its folder over. */
async function endStraggler(data: string): Promise<void> {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  if (!isPostgresOf(pid, data)) return rmSync(file, { force: true })
  process.kill(pid, 'SIGQUIT')
  for (let tries = 0; tries < 200 && isPostgresOf(pid, data); tries += 1) await sleep(50)
}

function isPostgresOf(pid: number, data: string): boolean {
  try {
    process.kill(pid, 0)
    const command = existsSync('/proc/self') ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : data
    return command.includes(data)
  } catch {
    return false
  }
}

/** PostgreSQL takes a key only from a file that is its own and nobody else's. */
function place(from: string, to: string): void {
  copyFileSync(from, to)
  chmodSync(to, 0o600)
  own(to)
}

function own(path: string): void {
  if ('uid' in account) chownSync(path, account.uid, account.gid)
}
