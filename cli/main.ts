import { buffer } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { describeFailure, printable } from './describe-failure.ts'
import { type Answer, type Call, CliError, EXIT, type Exit, type Verb } from './verb.ts'
import { allVerbs, VERBS, verbOf } from './verbs.ts'

const COMMON = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  state: { type: 'string' },
  'table-endpoint': { type: 'string' },
  cloud: { type: 'string' },
} as const

export type Terminal = {
  env: Record<string, string | undefined>
  cwd: string
  out(line: string): void
  err(line: string): void
  /** Everything on stdin; undefined when that is a terminal. */
  stdin?(): Promise<Uint8Array | undefined>
  /** Whether stdout is a person's screen. */
  isScreen?: boolean
}

/** Runs one command line and gives its exit code: 0 ok, 1 refused or wrong, 2 usage, 3 unreachable. Never throws. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<Exit> {
  const json = argv.includes('--json')
  try {
    const verb = await verbOf(argv)
    if (!verb) return await noVerb(argv, terminal, json)
    const { values, positionals } = readArguments(verb, argv.slice(verb.name.split(' ').length))
    if (values['help']) return print(terminal, { exit: EXIT.ok, text: help(verb) }, false)
    const call: Call = {
      values,
      positionals,
      env: terminal.env,
      cwd: terminal.cwd,
      stdin: async () => terminal.stdin?.(),
      note: (line) => terminal.err(printable(line)),
      print: (line) => terminal.out(printable(line)),
    }
    return print(terminal, await verb.run(call), json)
  } catch (error) {
    const { exit, message, detail } = describeFailure(error)
    if (json) terminal.out(JSON.stringify({ error: { message, ...detail } }))
    else for (const line of message.split('\n')) terminal.err(printable(`sallyport: ${line}`))
    return exit
  }
}

function readArguments(verb: Verb, args: string[]) {
  try {
    return parseArgs({ args, options: { ...COMMON, ...verb.options }, allowPositionals: true, strict: true })
  } catch (error) {
    // parseArgs names the option it does not know; that is what the user typed into the own terminal.
    const what = error instanceof Error ? error.message : 'the arguments are wrong'
    throw new CliError(EXIT.usage, `${what}\n${help(verb).join('\n')}`)
  }
}

function print(terminal: Terminal, { exit, json, text, value }: Answer, asJson: boolean): Exit {
  if (asJson && json !== undefined) terminal.out(JSON.stringify(json))
  else if (value !== undefined) terminal.out(terminal.isScreen ? value.split('\n').map(printable).join('\n') : value)
  else for (const line of text ?? []) terminal.out(printable(line))
  return exit
}

async function noVerb(argv: readonly string[], terminal: Terminal, json: boolean): Promise<Exit> {
  const asked = argv[0] === undefined || argv[0] === '--help' || argv[0] === '-h' || argv[0] === 'help'
  if (json && !asked) {
    const names = Object.keys(VERBS).join(', ')
    throw new CliError(EXIT.usage, `there is no such command; the commands are ${names}`)
  }
  const verbs = await allVerbs()
  const known = verbs.filter(({ name }) => name.startsWith(`${argv[0]} `))
  const listed = known.length > 0 ? known : verbs
  const lines = [
    'usage: sallyport <command> [--json] [--state DIR]',
    ...listed.map(({ name, usage, summary }) => `  ${name} ${usage}\n      ${summary}`),
  ]
  for (const line of lines) (argv[0] !== undefined && asked ? terminal.out : terminal.err)(line)
  return argv[0] !== undefined && asked ? EXIT.ok : EXIT.usage
}

const help = ({ name, usage, summary }: Verb): string[] => [`usage: sallyport ${name} ${usage}`, `  ${summary}`]

if (import.meta.main) {
  // Who reads no further (`| head`) does not end a command that is half done.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  const write = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`)
  process.exitCode = await main(process.argv.slice(2), {
    env: process.env,
    cwd: process.cwd(),
    out: write(process.stdout),
    err: write(process.stderr),
    stdin: async () => (process.stdin.isTTY ? undefined : buffer(process.stdin)),
    isScreen: process.stdout.isTTY === true,
  })
}
