import { existsSync } from 'node:fs'
import type { Table } from '../shared/azure/table.ts'
import { GatewayError } from '../shared/errors.ts'
import type { Secret } from '../shared/secrets/secret.ts'
import type { Vault } from '../shared/secrets/vault.ts'
import { KEYS_PARTITION, parseRows } from '../shared/tokens/keys/key-row.ts'
import { type Connection, connect, connectLocally, deployedEndpoint } from './connect.ts'
import { type Endpoints, readEndpoints, stateFolder } from './local-state.ts'
import { type Call, CliError, EXIT } from './verb.ts'

/** The journal as an operator reads it, gateway up or down. */
export type JournalAccess = {
  table: Table
  /** `journal-master` in the version the gateway uses; undefined where none was ever made. */
  master(): Promise<Secret | undefined>
}

const MASTER = 'journal-master'

/**
 * Runs `use` over the journal. A local run whose servers stopped with it (`npm start` takes Azurite and the vaults along) gets
 * them back for the time of the call, said on stderr.
 */
export async function withJournal<T>(call: Call, use: (journal: JournalAccess) => Promise<T>): Promise<T> {
  if (deployedEndpoint(call) !== undefined || isRunning(stateFolder(call))) return use(access(await connect(call)))
  const servers = await startServersFor(call)
  try {
    return await use(access(await connectLocally(call, servers)))
  } finally {
    call.note('stopping the local servers')
    await servers.stop()
  }
}

function access({ table, vault, gatewayVault }: Connection): JournalAccess {
  return {
    table: table('audit'),
    async master() {
      if (!gatewayVault) throw new CliError(EXIT.usage, '--gateway-vault: URL of the vault that holds `journal-master`')
      return readMaster(table('keys'), vault(gatewayVault))
    },
  }
}

async function readMaster(keys: Table, vault: Vault): Promise<Secret | undefined> {
  const rows = []
  for await (const row of keys.list({ partitionKey: KEYS_PARTITION })) rows.push(row)
  const version = parseRows(rows).symmetric.find(({ name }) => name === MASTER)?.secretVersion
  try {
    return (await vault.get(MASTER, version)).value
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'secret_not_found') return undefined
    throw error
  }
}

/** `npm start` removes the file when it stops; a killed one leaves it, so its process is looked for too. */
function isRunning(state: string): boolean {
  let endpoints: Endpoints
  try {
    endpoints = readEndpoints(state)
    process.kill(endpoints.pid, 0)
    return true
  } catch {
    return false
  }
}

async function startServersFor(call: Call) {
  const stateDir = stateFolder(call)
  if (!existsSync(stateDir)) throw new CliError(EXIT.unreachable, `there is no state folder ${stateDir}`)
  call.note(`nothing runs with the state folder ${stateDir}: starting its servers for this command`)
  const { startServers } = await import('../local/servers/start-servers.ts')
  try {
    return await startServers({ stateDir })
  } catch (error) {
    // An Error of our own servers: it names the server and what was in the way.
    throw new CliError(EXIT.unreachable, error instanceof Error ? error.message : 'the local servers did not start')
  }
}
