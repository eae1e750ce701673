import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Call, CliError, EXIT } from './verb.ts'

/** What `npm start` writes when it is ready (api.md, "Local run"). */
export type Endpoints = {
  pid: number
  gateway: string
  identity: string
  vaults: { main: string; gateway: string }
  table: string
  blob: string
  queue: string
  /** Path of the local CA certificate. */
  ca: string
  processes: Record<string, number>
}

/** The state folder a call is about: `--state`, `SALLYPORT_STATE`, else `.sallyport` here. */
export const stateFolder = ({ values, env, cwd }: Call): string =>
  resolve(cwd, String(values['state'] ?? env['SALLYPORT_STATE'] ?? '.sallyport'))

/** Reads `<state>/endpoints.json`; throws CliError `unreachable` when nothing runs there. */
export function readEndpoints(state: string): Endpoints {
  try {
    return JSON.parse(readFileSync(join(state, 'endpoints.json'), 'utf8')) as Endpoints
  } catch {
    throw new CliError(EXIT.unreachable, `nothing runs with the state folder ${state}: start it with \`npm start\``)
  }
}
