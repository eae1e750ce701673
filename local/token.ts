import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readEndpoints } from '../cli/local-state.ts'
import { CliError, EXIT, type Exit } from '../cli/verb.ts'
import { callerToken, UnknownCaller } from './caller-token.ts'
import { TokenRefused } from './servers/request-token.ts'

const USAGE = 'npm run --silent token -- <caller> [--v1] [--resource URI] [--state DIR]'

/** Prints a token of a seeded caller for the gateway, or for `--resource`, and nothing else on stdout. */
async function main(): Promise<void> {
  const { caller, version, resource, stateDir } = readOptions()
  const { identity, ca } = readEndpoints(stateDir)
  const token = await callerToken({ stateDir, identity, ca }, caller, { version, ...(resource && { resource }) })
  process.stdout.write(`${token}\n`)
}

function readOptions() {
  const { values, positionals } = parsed()
  const [caller, ...more] = positionals
  if (caller === undefined || more.length > 0) throw new CliError(EXIT.usage, `usage: ${USAGE}`)
  const version: 1 | 2 = values.v1 ? 1 : 2
  const stateDir = resolve(values.state ?? process.env['SALLYPORT_STATE'] ?? '.sallyport')
  return { caller, version, stateDir, resource: values.resource }
}

function parsed() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { state: { type: 'string' }, v1: { type: 'boolean' }, resource: { type: 'string' } },
    })
  } catch (error) {
    throw new CliError(EXIT.usage, `${error instanceof Error ? error.message : error}\nusage: ${USAGE}`)
  }
}

function describe(error: unknown): { exit: Exit; message: string } {
  if (error instanceof CliError) return error
  if (error instanceof UnknownCaller) return { exit: EXIT.usage, message: error.message }
  if (error instanceof TokenRefused) return { exit: EXIT.refused, message: error.message }
  const code = (error as { code?: unknown }).code
  const why = typeof code === 'string' ? code : error instanceof Error ? error.message : String(error)
  return { exit: EXIT.unreachable, message: `the identity server does not answer (${why}): is \`npm start\` running?` }
}

try {
  await main()
} catch (error) {
  const { exit, message } = describe(error)
  process.stderr.write(`token: ${message}\n`)
  process.exitCode = exit
}
