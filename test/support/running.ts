import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Endpoints } from '../../cli/local-state.ts'
import { callerToken, type TokenChoice } from '../../local/caller-token.ts'
import { entryFile } from '../../local/entry-file.ts'
import { repositoryRoot } from '../../local/repository-root.ts'
import { checkDescribed } from './openapi/described.ts'

export type Run = {
  stateDir: string
  endpoints: Endpoints
  /** Everything the process printed so far: a sink of the canary test. */
  output(): string
  token(caller: string, choice?: TokenChoice): Promise<string>
  /** A request to the gateway with a caller's token, `undefined` for none. */
  call(path: string, options?: CallOptions): Promise<Answer>
  /** SIGINT, as Ctrl-C, and wait; gives the exit code. */
  stop(): Promise<number | null>
  /** `kill -9` of the gateway's process, and wait until its servers have gone too. */
  kill(): Promise<void>
}

export type CallOptions = {
  caller?: string
  token?: string
  method?: string
  json?: unknown
  headers?: Record<string, string>
}
export type Answer = { status: number; headers: Headers; text: string; json: Record<string, unknown> }

const START_MS = 60_000
const TURN_MS = 50

export const temporaryState = () => mkdtempSync(join(tmpdir(), 'sallyport-run-'))
export const forgetState = (stateDir: string) => rmSync(stateDir, { recursive: true, force: true })

/** `npm start` without npm: local/main.ts as a process of its own, with all its servers, ready to be called. */
export async function startRun(stateDir: string, env: Record<string, string> = {}): Promise<Run> {
  const child = spawn(process.execPath, [entryFile('local/main.ts'), '--port', '0', '--state', stateDir], {
    cwd: repositoryRoot,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (output += text))
  const file = join(stateDir, 'endpoints.json')
  await until(() => existsSync(file) || child.exitCode !== null, START_MS)
  if (child.exitCode !== null) throw new Error(`the run ended with ${child.exitCode}:\n${output}`)
  const endpoints = JSON.parse(readFileSync(file, 'utf8')) as Endpoints
  return {
    ...callersOf(stateDir, endpoints),
    output: () => output,
    stop: () => stopped(child, 'SIGINT'),
    kill: async () => {
      await stopped(child, 'SIGKILL')
      await until(() => Object.values(endpoints.processes).every((pid) => !isAlive(pid)), START_MS)
    },
  }
}

/** A run that is up, as its callers see it. */
export type Callers = Pick<Run, 'stateDir' | 'endpoints' | 'token' | 'call'>

export function callersOf(stateDir: string, endpoints: Endpoints): Callers {
  const tokens = new Map<string, string>()
  const token = async (caller: string, choice?: TokenChoice) => {
    const key = JSON.stringify([caller, choice])
    const known = tokens.get(key) ?? (await callerToken({ ...endpoints, stateDir }, caller, choice))
    tokens.set(key, known)
    return known
  }
  return {
    ...{ stateDir, endpoints, token },
    call: async (path, options = {}) => call(`${endpoints.gateway}${path}`, await credential(options, token), options),
  }
}

async function credential({ caller, token }: CallOptions, tokenOf: (caller: string) => Promise<string>) {
  return token ?? (caller === undefined ? undefined : await tokenOf(caller))
}

async function call(url: string, token: string | undefined, { method, json, headers }: CallOptions): Promise<Answer> {
  const answer = await fetch(url, {
    method: method ?? (json === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const text = await answer.text()
  const received = { status: answer.status, headers: Object.fromEntries(answer.headers), body: text }
  checkDescribed(method ?? (json === undefined ? 'GET' : 'POST'), new URL(url).pathname, received)
  const isJson = /json/.test(answer.headers.get('content-type') ?? '')
  return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : {} }
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill(signal)
    await once(child, 'exit')
  }
  return child.exitCode
}

/** Waits for something another process does; fails when it does not happen at all. */
export async function until(happened: () => boolean | Promise<boolean>, ms = 30_000): Promise<void> {
  for (let left = ms; left > 0; left -= TURN_MS) {
    if (await happened()) return
    await new Promise((turn) => setTimeout(turn, TURN_MS))
  }
  throw new Error('what the test waits for did not happen')
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
