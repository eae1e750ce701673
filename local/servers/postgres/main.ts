import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../free-port.ts'
import { writeAtomically } from '../atomic-file.ts'
import { ensureCertificates } from '../certificates.ts'
import { holdLock, SHUTDOWN_MS } from '../lock.ts'
import { type Flags, runServerProcess, type Started } from '../process.ts'
import { databaseFolder, findBinaries } from './account.ts'
import { ensureCluster, startCluster } from './cluster.ts'
import { superuserPath } from './superuser.ts'

await runServerProcess({
  name: 'postgres',
  flags: {
    port: { type: 'string', default: '0' },
    state: { type: 'string', default: '.sallyport' },
    memory: { type: 'boolean', default: false },
  },
  start,
})

/** A real PostgreSQL in a process of its own below this one, over TLS; its data stays, unless `memory` says otherwise. */
async function start(flags: Flags): Promise<Started> {
  const stateDir = String(flags['state'])
  const memory = flags['memory'] === true
  const folder = databaseFolder(stateDir)
  const place = join(stateDir, 'postgres')
  await mkdir(place, { recursive: true, mode: 0o700 })
  const lock = await holdLock(join(place, 'lock'), { what: `the database folder ${folder}`, waitMs: SHUTDOWN_MS })
  const tls = await ensureCertificates(stateDir, () => Date.now())
  const cluster = { folder, binaries: await findBinaries() }
  const password = ensureCluster(cluster)
  const port = await freePort(Number(flags['port']) || 0)
  const server = await startCluster(cluster, { port, tls, memory })
  await writeAtomically(superuserPath(stateDir), JSON.stringify({ password }))
  return {
    ports: { postgres: port },
    close: async () => {
      await server.stop()
      if (memory) await rm(folder, { recursive: true, force: true })
      await lock.release()
    },
  }
}
