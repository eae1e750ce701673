import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type OperatorCredential, operatorCredential } from '../local/operator.ts'
import { type Addresses, environmentFor } from '../local/servers/environment.ts'
import { readClientSecrets } from '../local/servers/identity/directory.ts'
import { type Config, loadConfig } from '../shared/config.ts'
import { type Call, CliError, EXIT } from './verb.ts'

/** What `npm start` writes when it is ready (api.md, "Local run"). */
export type Endpoints = Omit<Addresses, 'identityEndpoint'> & {
  pid: number
  gateway: string
  processes: Record<string, number>
}

/** The state folder a call is about: `--state`, `SALLYPORT_STATE`, else `.sallyport` here. */
export const stateFolder = ({ values, env, cwd }: Pick<Call, 'values' | 'env' | 'cwd'>): string =>
  resolve(cwd, String(values['state'] ?? env['SALLYPORT_STATE'] ?? '.sallyport'))

/** Reads `<state>/endpoints.json`; throws CliError `unreachable` when nothing runs there. */
export function readEndpoints(state: string): Endpoints {
  try {
    return JSON.parse(readFileSync(join(state, 'endpoints.json'), 'utf8')) as Endpoints
  } catch {
    throw new CliError(EXIT.unreachable, `nothing runs with the state folder ${state}: start it with \`npm start\``)
  }
}

/** Where the servers of a local run listen. */
export type LocalAddresses = Omit<Addresses, 'identityEndpoint'> & {
  /** Base URL of the gateway, where it runs. */
  gateway?: string
}

/**
 * The gateway's own settings in that local run, and the operator of its tenant, who may do everything there. Without
 * `addresses` the run must be up.
 */
export async function localRun(
  state: string,
  account: string,
  addresses: LocalAddresses = readEndpoints(state),
): Promise<{ config: Config; operator: OperatorCredential }> {
  const secrets = await readClientSecrets(state)
  if (!secrets) throw new CliError(EXIT.unreachable, `${state} holds no identities: run \`npm start\` again`)
  const issuer = addresses.gateway ?? 'http://127.0.0.1'
  const config = loadConfig(environmentFor({ ...addresses, identityEndpoint: '' }, secrets, { account, issuer }))
  const { identity, ca } = addresses
  return { config, operator: operatorCredential({ stateDir: state, identity, ca }) }
}
