import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureCertificates } from '../certificates.ts'
import { answerFaultControl, createFaults, type Faults } from '../faults.ts'
import { type Handler, serve } from '../http-server.ts'
import { holdLock, SHUTDOWN_MS } from '../lock.ts'
import { type Flags, runServerProcess, type Started } from '../process.ts'
import { IDENTITIES_FILE, readSeed, vaultPermissions } from '../seed.ts'
import { createAuthenticate } from './authorization.ts'
import { openBackups } from './backup.ts'
import { createService } from './service.ts'
import { openVaults } from './vaults.ts'

const now = () => Date.now()

await runServerProcess({
  name: 'key-vault',
  flags: {
    /** Which of the seed's access rules apply: `main` or `gateway`. */
    vault: { type: 'string', default: 'main' },
    port: { type: 'string', default: '0' },
    state: { type: 'string', default: '.sallyport' },
    seed: { type: 'string', default: IDENTITIES_FILE },
    /** Origin of the identity server. */
    identity: { type: 'string' },
    'delete-delay-ms': { type: 'string', default: '1000' },
    control: { type: 'boolean', default: false },
  },
  start,
})

async function start(flags: Flags): Promise<Started> {
  const kind = String(flags['vault'])
  const stateDir = String(flags['state'])
  const identity = flags['identity']
  if (typeof identity !== 'string') throw new Error('--identity: the origin of the identity server is needed')
  if (!/^[a-z]{1,20}$/.test(kind)) throw new Error('--vault: main or gateway')
  const folder = join(stateDir, 'key-vault', kind)
  const lock = await holdLock(join(folder, 'lock'), { what: `the vault's folder ${folder}`, waitMs: SHUTDOWN_MS })
  const certificates = await ensureCertificates(stateDir, now)
  const [ca, cert, key] = await Promise.all(
    [certificates.ca, certificates.cert, certificates.key].map((path) => readFile(path, 'utf8')),
  )
  if (!ca || !cert || !key) throw new Error(`the certificates of ${stateDir} are empty`)
  const seed = await readSeed(String(flags['seed']))
  const isTest = flags['control'] === true
  const vaults = openVaults({ folder, kind, many: isTest, delayMs: Number(flags['delete-delay-ms']), now })
  const faults = createFaults()
  const service = createService({
    tenant: seed.tenant,
    permissions: vaultPermissions(seed, kind),
    authenticate: createAuthenticate({ tenant: seed.tenant, identity, ca, now }),
    backups: await openBackups(stateDir),
    faults,
    vaultOf: vaults.ofHost,
  })
  await vaults.ofHost('127.0.0.1')
  const server = await serve({
    port: Number(flags['port']),
    handle: isTest ? withControl(service, faults) : service,
    tls: { cert, key },
  })
  return {
    ports: { https: server.port },
    close: async () => {
      await server.close()
      await vaults.close()
      await lock.release()
    },
  }
}

/** Faults and counters exist only in test runs; their scope is the vault's name. */
function withControl(handle: Handler, faults: Faults): Handler {
  return (request) => {
    try {
      return answerFaultControl(faults, request) ?? handle(request)
    } catch (error) {
      return { status: 400, json: { error: error instanceof Error ? error.message : String(error) } }
    }
  }
}
