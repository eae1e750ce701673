import { startServers } from '../../../local/servers/start-servers.ts'

/** A parent that a test kills: starts all servers on a state folder, tells where they are, and stays. */
const [stateDir = ''] = process.argv.slice(2)
const servers = await startServers({ stateDir })
const { table, ca, processes, identity } = servers
process.stdout.write(`${JSON.stringify({ table, ca, processes, identity })}\n`)
process.on('SIGTERM', () => void servers.stop().then(() => process.exit(0)))
