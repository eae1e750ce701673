import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { callerToken, UnknownCaller } from '../../local/caller-token.ts'
import { TokenRefused } from '../../local/servers/request-token.ts'
import { CLOUDS, type CloudName } from '../../shared/azure/clouds.ts'
import { openOperatorCredential } from '../../shared/azure/operator-credential.ts'
import type { Endpoints } from '../local-state.ts'
import { type Call, CliError, EXIT } from '../verb.ts'

/** App ID URI of the gateway's registration, unless `--app-scope` says another. */
const DEFAULT_SCOPE = 'api://sallyport/.default'

/** Printable ASCII without spaces, as it stands in a header: a JWT, or any other bearer token. */
const TOKEN = /^[\x21-\x7e]{1,16384}$/

/** The token in the file; never an argument, which every process of the machine could read. */
export async function tokenOfFile({ cwd }: Call, path: string): Promise<string> {
  const text = await readFile(resolve(cwd, path), 'utf8').catch(() => {
    throw new CliError(EXIT.usage, `--token-file: ${path} cannot be read`)
  })
  const token = text.trim()
  if (!TOKEN.test(token)) throw new CliError(EXIT.usage, `--token-file: ${path} does not hold one token`)
  return token
}

/** A token of a seeded caller of the local run. */
export async function tokenOfCaller(stateDir: string, { identity, ca }: Endpoints, caller: string): Promise<string> {
  try {
    return await callerToken({ stateDir, identity, ca }, caller)
  } catch (error) {
    if (error instanceof UnknownCaller) throw new CliError(EXIT.usage, `--caller: ${error.message}`)
    if (error instanceof TokenRefused) throw new CliError(EXIT.refused, error.message)
    throw new CliError(EXIT.unreachable, 'the identity server does not answer: is `npm start` running?')
  }
}

/** The person's or pipeline's own token for the gateway, from the default Azure chain. */
export async function tokenOfChain({ values, env }: Call): Promise<string> {
  const cloud = String(values['cloud'] ?? env['SALLYPORT_CLOUD'] ?? 'AzurePublic')
  if (!Object.hasOwn(CLOUDS, cloud)) throw new CliError(EXIT.usage, `--cloud: one of ${Object.keys(CLOUDS).join(', ')}`)
  const scope = String(values['app-scope'] ?? DEFAULT_SCOPE)
  try {
    const credential = await openOperatorCredential(CLOUDS[cloud as CloudName].authority)
    const token = await credential.getToken(scope)
    if (token) return token.token
  } catch {
    // What the SDK throws names every source it tried, and may quote an answer of one.
  }
  throw new CliError(EXIT.refused, `no Azure identity gives a token for ${scope}: sign in (az login), or --token-file`)
}
