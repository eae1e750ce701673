import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { readEndpoints } from '../cli/connect.ts'
import { CliError, EXIT, type Exit } from '../cli/verb.ts'
import { readClientSecrets } from './servers/identity/directory.ts'
import { requestToken, TokenRefused } from './servers/request-token.ts'
import { IDENTITIES_FILE, readSeed } from './servers/seed.ts'

const USAGE = 'npm run --silent token -- <caller> [--v1] [--resource URI] [--state DIR]'

/** Prints a token of a seeded caller for the gateway, or for `--resource`, and nothing else on stdout. */
async function main(): Promise<void> {
  const { caller, version, resource, stateDir } = readOptions()
  const { identity, ca } = readEndpoints(stateDir)
  const { tenant, apps } = await readSeed(IDENTITIES_FILE)
  const callers = apps.map(({ name }) => name).join(', ')
  const app = apps.find(({ name }) => name === caller)
  if (!app) throw new CliError(EXIT.usage, `there is no caller \`${caller}\`; the callers are ${callers}`)
  const clientSecret = (await readClientSecrets(stateDir))?.apps[app.name]
  if (!clientSecret)
    throw new CliError(EXIT.unreachable, `${stateDir} holds no secret of ${app.name}: run \`npm start\` again`)
  const token = await requestToken({ identity, ca, tenant, clientId: app.appId, clientSecret, resource, version })
  process.stdout.write(`${token}\n`)
}

function readOptions() {
  const { values, positionals } = parsed()
  const [caller, ...more] = positionals
  if (caller === undefined || more.length > 0) throw new CliError(EXIT.usage, `usage: ${USAGE}`)
  const version: 1 | 2 = values.v1 ? 1 : 2
  const stateDir = resolve(values.state ?? process.env['SALLYPORT_STATE'] ?? '.sallyport')
  return { caller, version, stateDir, resource: values.resource ?? 'api://sallyport' }
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
