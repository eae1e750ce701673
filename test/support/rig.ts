import { readFileSync } from 'node:fs'
import type { Agent } from 'node:https'
import { relative } from 'node:path'
import type { SecretClient } from '@azure/keyvault-secrets'
import { expect, inject } from 'vitest'
import type { CloudDocuments } from '../../local/servers/clouds/accounts.ts'
import { environmentFor } from '../../local/servers/environment.ts'
import { type ClientSecrets, clientSecretsPath } from '../../local/servers/identity/directory.ts'
import type { CloudName } from '../../shared/azure/clouds.ts'
import { localAgent } from '../../shared/azure/local-route.ts'
import { type Config, loadConfig } from '../../shared/config.ts'
import { createControl, type ServerControl } from './control.ts'
import { type RigIdentity, rigIdentity } from './rig-identity.ts'
import { agentPolicy, staticCredential } from './sdk.ts'
import type { Rig } from './servers.ts'

const ISSUER = 'https://gateway.sallyport.test'

export type TestRig = RigIdentity & {
  stateDir: string
  addresses: Rig['addresses']
  processes: Rig['processes']
  /** Storage account of this test file; also the prefix of its vaults' names. */
  account: string
  /** Environment of a gateway process on this file's account and vaults. */
  environment: Record<string, string>
  config(overrides?: Record<string, string>): Config
  /** The same under the host names of another cloud. */
  environmentIn(cloud: CloudName): Record<string, string>
  /** Agent that routes the production host names of this file to the local servers. */
  agent: Agent
  /** Makes all tables, the container and the queue in this file's account. */
  createStorage(): Promise<void>
  /** Faults and counters of this file's vaults. */
  vaultControl(alias: 'main' | 'gateway'): ServerControl
  /** Faults and counters of one cloud service: scope `<account><name>` (a pool, a project, a role, a registry, a hub). */
  cloudControl(name: string): ServerControl
  /** Adds accounts of the local clouds, as local/seed/clouds.json has them. */
  addClouds(documents: CloudDocuments): Promise<void>
  /** The production client under the operator's identity, who may do everything. */
  operatorVault(alias: 'main' | 'gateway'): Promise<SecretClient>
}

/**
 * What a test file needs of the run's servers, on a storage account and vaults that no other file uses. It also sets the
 * managed-identity variables of this worker: @azure/identity reads them itself, once per process.
 */
export function rig(): TestRig {
  const { stateDir, addresses, processes, account } = ownPlace()
  const secrets = JSON.parse(readFileSync(clientSecretsPath(stateDir), 'utf8')) as ClientSecrets
  const own = { account, issuer: ISSUER, vaultPrefix: account }
  const environment = environmentFor(addresses, secrets, own)
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = environment
  Object.assign(process.env, { IDENTITY_ENDPOINT, IDENTITY_HEADER })
  const config = (overrides: Record<string, string> = {}) => loadConfig({ ...environment, ...overrides })
  const { local } = config()
  if (!local) throw new Error('the rig is a local run')
  const agent = localAgent(local)
  const control = createControl({ agent, account })
  const identity = rigIdentity({ stateDir, addresses, account, secrets, control: control.identity })
  return {
    ...{ stateDir, addresses, processes, account, environment, config, agent },
    environmentIn: (cloud) => environmentFor(addresses, secrets, { ...own, cloud }),
    ...identity,
    vaultControl: control.vault,
    cloudControl: control.cloud,
    addClouds: control.addClouds,
    // The SDKs are heavy: a file that uses neither must not pay for them.
    async createStorage() {
      const { createStorage } = await import('../../local/servers/create-storage.ts')
      await createStorage({ account, agent, token: await identity.operatorToken('https://storage.azure.com') })
    },
    async operatorVault(alias) {
      const { SecretClient } = await import('@azure/keyvault-secrets')
      const credential = staticCredential(await identity.operatorToken('https://vault.azure.net'))
      return new SecretClient(`https://${account}-${alias}.vault.azure.net`, credential, {
        additionalPolicies: [agentPolicy(agent)],
      })
    },
  }
}

/** The run's servers and the account that is this test file's alone. */
function ownPlace() {
  const { accounts, ...shared } = inject('rig')
  const file = relative(process.cwd(), expect.getState().testPath ?? '').replaceAll('\\', '/')
  const account = accounts[file]
  if (!account) throw new Error(`${file} was not there when the run began: start vitest again`)
  return { ...shared, account }
}
