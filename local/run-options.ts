import { accessSync, constants, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { databaseFolder } from './servers/postgres/account.ts'

export type RunOptions = { port: number; stateDir: string }

/** What a run keeps in its state folder; `--fresh` forgets these and touches nothing else. */
const STATE = [
  'azurite',
  'identity',
  'key-vault',
  'clouds',
  'postgres',
  'tls',
  'timers',
  'func',
  'endpoints.json',
  'servers.lock',
]

/** `[--port 7071] [--state .sallyport] [--fresh]`, `SALLYPORT_STATE` for the folder; throws an Error that says what is wrong. */
export function readOptions(args: readonly string[] = process.argv.slice(2), env = process.env): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { port: { type: 'string', default: '7071' }, state: { type: 'string' }, fresh: { type: 'boolean' } },
  })
  const port = Number(values.port)
  if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error('--port: a number up to 65535, 0 for any')
  const stateDir = resolve(values.state ?? env['SALLYPORT_STATE'] ?? '.sallyport')
  if (values.fresh) forget(stateDir)
  makeFolder(stateDir)
  return { port, stateDir }
}

function makeFolder(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new Error(`the state folder ${stateDir} cannot be used (${code}): choose another with --state`)
  }
}

function forget(stateDir: string): void {
  const pid = runningIn(stateDir)
  if (pid !== undefined) throw new Error(`--fresh: process ${pid} runs on ${stateDir}: stop it first`)
  for (const name of STATE) rmSync(join(stateDir, name), { recursive: true, force: true })
  rmSync(databaseFolder(stateDir), { recursive: true, force: true })
}

/** The process that uses the folder now, by either file that names one. */
function runningIn(stateDir: string): number | undefined {
  return ['endpoints.json', 'servers.lock'].map((file) => pidIn(join(stateDir, file))).find((pid) => pid !== undefined)
}

function pidIn(file: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8'))
    process.kill(pid, 0)
    return pid
  } catch {
    return undefined
  }
}
