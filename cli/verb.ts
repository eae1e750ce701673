import type { ParseArgsOptionsConfig } from 'node:util'

/** Exit codes of every verb (api.md): scripts rely on them. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unreachable: 3 } as const

export type Exit = (typeof EXIT)[keyof typeof EXIT]

/** A failure with a sentence for the terminal; anything else that is thrown is reported by its class alone. */
export class CliError extends Error {
  readonly exit: Exit
  /** What `--json` prints beside the sentence. */
  readonly detail: Record<string, unknown>

  constructor(exit: Exit, message: string, detail: Record<string, unknown> = {}) {
    super(message)
    this.name = 'CliError'
    this.exit = exit
    this.detail = detail
  }
}

/** One call of a verb, arguments parsed. */
export type Call = {
  values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  positionals: readonly string[]
  env: Record<string, string | undefined>
  cwd: string
  /** A line about progress; goes to stderr, so that stdout stays the answer. */
  note(line: string): void
  /** Everything on stdin; undefined when that is a terminal, where nobody would see that it waits. */
  stdin(): Promise<Uint8Array | undefined>
  /** One line of the answer, for verbs that stream; in `--json` mode pass JSON. */
  print(line: string): void
}

/**
 * `text` is printed line by line, or `json` as one line under `--json`; a verb that streamed leaves both out. `value` is printed
 * as it is, with one line break behind it; on a terminal with controls escaped, like everything else.
 */
export type Answer = { exit: Exit; json?: unknown; text?: readonly string[]; value?: string }

/** A verb is data; `run` throws CliError, GatewayError or StorageError for what went wrong. */
export type Verb = {
  /** One or two words: `policy apply`. */
  name: string
  /** Arguments after the name, as the help prints them. */
  usage: string
  summary: string
  /** Beside the common ones: `--json`, `--help`, `--state`, `--table-endpoint`, `--cloud`. */
  options?: ParseArgsOptionsConfig
  run(call: Call): Promise<Answer>
}
