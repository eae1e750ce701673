import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import identities from '../../seed/identities.json' with { type: 'json' }
import { ensureCertificates } from '../certificates.ts'
import { createFaults } from '../faults.ts'
import { serve } from '../http-server.ts'
import { holdLock, SHUTDOWN_MS } from '../lock.ts'
import { type Flags, runServerProcess, type Started } from '../process.ts'
import { openAccounts } from './accounts.ts'
import { createArm } from './arm/arm.ts'
import { openStorageKeys } from './arm/storage-keys.ts'
import { createAws } from './aws/aws.ts'
import { createDelegatedStorage } from './delegated-storage/delegated-storage.ts'
import { createGoogle } from './google/google.ts'
import { createCloudsHandler, withCloudsControl } from './handler.ts'
import { createCloudIssuerKeys } from './issuer-keys.ts'
import { createKeyedStorage } from './keyed-storage.ts'
import { createRegistries } from './registry.ts'
import { createWebPubSubs } from './web-pubsub.ts'

const now = () => Date.now()

await runServerProcess({
  name: 'clouds',
  flags: {
    port: { type: 'string', default: '0' },
    state: { type: 'string', default: '.sallyport' },
    /** Origin of the identity server, for the keys of Entra tokens. */
    identity: { type: 'string' },
    control: { type: 'boolean', default: false },
  },
  start,
})

async function start(flags: Flags): Promise<Started> {
  const stateDir = String(flags['state'])
  const identity = flags['identity']
  if (typeof identity !== 'string') throw new Error('--identity: the origin of the identity server is needed')
  const folder = join(stateDir, 'clouds')
  const lock = await holdLock(join(folder, 'lock'), { what: `the clouds' folder ${folder}`, waitMs: SHUTDOWN_MS })
  const certificates = await ensureCertificates(stateDir, now)
  const [cert, key] = await Promise.all([certificates.cert, certificates.key].map((path) => readFile(path, 'utf8')))
  if (!cert || !key) throw new Error(`the certificates of ${stateDir} are empty`)
  const accounts = await openAccounts()
  const issuerKeys = createCloudIssuerKeys(certificates.ca, identity)
  const faults = createFaults()
  const keys = await openStorageKeys(join(folder, 'storage-keys.json'), now)
  const services = [
    createArm({ accounts, issuerKeys, keys, now }),
    createDelegatedStorage({ accounts, issuerKeys, now, tenant: identities.tenant }),
    createKeyedStorage({ keys, now }),
    await createGoogle({ folder, accounts, issuerKeys, now }),
    createAws({ accounts, issuerKeys, now }),
    createRegistries({ accounts, issuerKeys, now }),
    createWebPubSubs({ accounts, issuerKeys, now }),
  ]
  const handle = createCloudsHandler(services, faults)
  const server = await serve({
    port: Number(flags['port']),
    handle: flags['control'] === true ? withCloudsControl(handle, faults, accounts.add) : handle,
    tls: { cert, key },
  })
  return {
    ports: { https: server.port },
    close: async () => {
      await server.close()
      await lock.release()
    },
  }
}
