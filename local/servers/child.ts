import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { COMPILE_CACHE } from '../compile-cache.ts'
import { entryFile } from '../entry-file.ts'
import type { ReadyMessage } from './process.ts'

/** A server in a process of its own. */
export type Child = { name: string; pid: number; ports: Record<string, number>; stop(): Promise<void> }

export type ChildOptions = {
  name: string
  /** Path of its main file, relative to local/servers. */
  main: string
  args: readonly string[]
  log(line: string): void
}

const READY_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 70_000
const TAIL_LINES = 20
const STARTS = 3
/** Azurite and PostgreSQL are told a port that was free a moment ago. */
const TAKEN = /EADDRINUSE|address already in use/i

/**
 * Starts one server and waits until it answers; once more when somebody took its port in the meantime. Throws with the end of its
 * stderr when it dies or does not get ready.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  for (let left = STARTS - 1; ; left -= 1) {
    try {
      return await startOnce(options)
    } catch (error) {
      if (left === 0 || !TAKEN.test((error as Error).message)) throw error
      options.log(`${options.name}: its port was taken meanwhile; started again`)
    }
  }
}

async function startOnce({ name, main, args, log }: ChildOptions): Promise<Child> {
  const child = spawn(process.execPath, [entryFile(`local/servers/${main}`), ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, SALLYPORT_ALLOW_STUBS: '1', NODE_OPTIONS: '', NODE_COMPILE_CACHE: COMPILE_CACHE },
    // A group of its own: Ctrl-C in the terminal must reach the gateway first, which still needs its servers to stop.
    detached: true,
  })
  const tail = keepTail(child, (line) => log(`${name}: ${line}`))
  try {
    const { ports } = await ready(child, name)
    let stopping = false
    child.once('exit', (code, signal) => {
      if (!stopping) log(`${name} (process ${child.pid}) ended by itself (${signal ?? `code ${code}`})`)
    })
    return {
      name,
      pid: child.pid ?? 0,
      ports,
      stop: () => {
        stopping = true
        return stop(child)
      },
    }
  } catch (error) {
    await stop(child)
    const said = tail()
    throw new Error(`${(error as Error).message}${said ? `:\n${said}` : ''}`)
  }
}

function ready(child: ChildProcess, name: string): Promise<ReadyMessage> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} did not get ready in time`)), READY_LIMIT_MS)
    child.once('message', (message) => {
      clearTimeout(timer)
      resolve(message as ReadyMessage)
    })
    child.once('error', (error) => reject(new Error(`${name} could not be started (${error.message})`)))
    // `close` comes after the last of stderr, `exit` may come before.
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`${name} ended before it was ready (${signal ?? `code ${code}`})`))
    })
  })
}

/** SIGINT, then SIGKILL when it has not ended in time. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGINT')
  // A frozen process (SIGSTOP) would not see the signal.
  child.kill('SIGCONT')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  await ended
  clearTimeout(timer)
}

function keepTail(child: ChildProcess, log: (line: string) => void): () => string {
  const lines: string[] = []
  let rest = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop() ?? ''
    for (const line of parts) log(line)
    lines.push(...parts)
    lines.splice(0, lines.length - TAIL_LINES)
  })
  return () => [...lines, rest].join('\n').trim()
}
