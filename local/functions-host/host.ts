import type { KeyValues } from './http/keys.ts'

export type HostOptions = {
  appRoot: string
  /** File or glob relative to appRoot; by default package.json's `main`. */
  entry?: string
  /** 0 takes a free one; by default local.settings.json's LocalHttpPort, else 7071. */
  port?: number
  host?: string
  /** Settings for the app; they win over local.settings.json and over what is set already. */
  env?: Readonly<Record<string, string | undefined>>
  /** Where timers keep their status; without it they forget it. */
  stateDir?: string
  masterKey?: string
  /** Without masterKey and keys nothing asks for a key, as under `func start`. */
  keys?: KeyValues
  now?: () => number
  /** Takes log lines; without it warnings and errors go to stderr. */
  log?: (line: string) => void
  /** Emulates Azure's front end: X-Forwarded-For, no forged Easy Auth identities. */
  frontEnd?: boolean
  /** Start as the real host does although the app is broken (503 on every route, or no routes), instead of throwing. */
  lenient?: boolean
  /** How long `stop` waits for requests and timer runs in flight; by default 10 s (the real host: 30 s). */
  drainMs?: number
  /** How long it waits for the appTerminate hooks; by default 5 s, as measured. */
  terminateMs?: number
}

export type HostedFunction = { name: string; kind: string; route?: string; error?: string }

export type Host = {
  /** Without a slash at its end. */
  url: string
  port: number
  functions: readonly HostedFunction[]
  /** Errors that took the whole host down; only with `lenient`. */
  errors: readonly string[]
  /** Runs a timer function now; rejects with its error. */
  runTimer(name: string): Promise<void>
  /** Stops accepting, lets requests and timers in flight end, runs the appTerminate hooks. */
  stop(): Promise<void>
}
