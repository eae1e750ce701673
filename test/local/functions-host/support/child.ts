import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { HostedFunction, HostOptions } from '../../../../local/functions-host/host.ts'
import { childEnvironment } from '../../../support/child-environment.ts'

export type HostChild = {
  url: string
  port: number
  functions: readonly HostedFunction[]
  errors: readonly string[]
  /** Why it did not start. */
  failed?: string
  code?: string
  /** What it printed so far: log lines and the app's own output. */
  lines: string[]
  /** Resolves once a line has come that matches. */
  line(pattern: RegExp): Promise<string>
  process: ChildProcess
  exited: Promise<number | null>
  running(): boolean
  stop(): Promise<number | null>
}

const SCRIPT = fileURLToPath(new URL('./host-child.ts', import.meta.url))

type Options = Omit<HostOptions, 'log' | 'now'>

/** Starts an app in a process of its own and waits until it listens, or has failed to. */
export async function startChild(options: Options, env: Record<string, string> = {}): Promise<HostChild> {
  const child = spawn(process.execPath, [SCRIPT, JSON.stringify({ port: 0, ...options })], {
    env: childEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const waiting = new Set<() => void>()
  const onLine = (text: string) => {
    lines.push(text)
    for (const look of waiting) look()
  }
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', onLine)
  const exited = once(child, 'exit').then(([code]) => code as number | null)

  const line = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const found = lines.find((text) => pattern.test(text))
        if (found === undefined) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
      child.once('close', () => {
        look()
        reject(new Error(`the host ended without ${pattern}:\n${lines.join('\n')}`))
      })
    })

  const told = JSON.parse((await line(/^HOST /)).slice(5)) as Partial<HostChild>
  return {
    url: '',
    port: 0,
    functions: [],
    errors: [],
    ...told,
    lines,
    line,
    process: child,
    exited,
    running: () => child.exitCode === null && child.signalCode === null,
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
  }
}
