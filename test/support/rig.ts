import { readFileSync } from 'node:fs'
import type { Agent } from 'node:https'
import { relative } from 'node:path'
import type { SecretClient } from '@azure/keyvault-secrets'
import { expect, inject } from 'vitest'
import { environmentFor } from '../../local/servers/environment.ts'
import type { MintRequest } from '../../local/servers/identity/control.ts'
import { type ClientSecrets, clientSecretsPath } from '../../local/servers/identity/directory.ts'
import { requestToken } from '../../local/servers/request-token.ts'
import { localAgent } from '../../shared/azure/local-route.ts'
import { type Config, loadConfig } from '../../shared/config.ts'
import { createControl, type IdentityControl, type ServerControl } from './control.ts'
import { agentPolicy, staticCredential } from './sdk.ts'
import type { Rig } from './servers.ts'
import { type Caller, directory } from './tenant.ts'

const ISSUER = 'https://gateway.sallyport.test'

export type TokenOptions = { version?: 1 | 2; resource?: string }

export type MintOptions = Partial<Omit<MintRequest, 'claims'>>

export type TestIssuer = {
  /** `iss`, also the base of its discovery document. */
  issuer: string
  realm: string
  mint(claims: Record<string, unknown>, options?: Omit<MintOptions, 'realm'>): Promise<string>
  control: ServerControl
}

export type TestRig = {
  stateDir: string
  addresses: Rig['addresses']
  processes: Rig['processes']
  /** Storage account of this test file; also the prefix of its vaults' names. */
  account: string
  tenant: string
  /** Environment of a gateway process on this file's account and vaults. */
  environment: Record<string, string>
  config(overrides?: Record<string, string>): Config
  /** Agent that routes the production host names of this file to the local servers. */
  agent: Agent
  /** Makes all tables, the container and the queue in this file's account. */
  createStorage(): Promise<void>
  /** A token of a seeded caller for the gateway (or `resource`); v2 unless told. */
  callerToken(caller: Caller, options?: TokenOptions): Promise<string>
  clientSecret(caller: Caller): string
  /** Any claims signed by the tenant's current key, or by another realm's (any other tenant id, `oidc-<name>`). */
  mint(claims: Record<string, unknown>, options?: MintOptions): Promise<string>
  /** An OIDC issuer of this file alone; it exists by being asked. */
  issuer(name: string): TestIssuer
  identityControl: IdentityControl
  /** Faults and counters of this file's vaults. */
  vaultControl(alias: 'main' | 'gateway'): ServerControl
  /** The production client under the operator's identity, who may do everything. */
  operatorVault(alias: 'main' | 'gateway'): Promise<SecretClient>
  /** Token of the operator for any resource. */
  operatorToken(resource: string): Promise<string>
}

/**
 * What a test file needs of the run's servers, on a storage account and vaults that no other file uses. It also sets the
 * managed-identity variables of this worker: @azure/identity reads them itself, once per process.
 */
export function rig(): TestRig {
  const { stateDir, addresses, processes, accounts } = inject('rig')
  const file = relative(process.cwd(), expect.getState().testPath ?? '').replaceAll('\\', '/')
  const account = accounts[file]
  if (!account) throw new Error(`${file} was not there when the run began: start vitest again`)
  const secrets = JSON.parse(readFileSync(clientSecretsPath(stateDir), 'utf8')) as ClientSecrets
  const environment = environmentFor(addresses, secrets, { account, issuer: ISSUER, vaultPrefix: account })
  const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = environment
  Object.assign(process.env, { IDENTITY_ENDPOINT, IDENTITY_HEADER })
  const config = (overrides: Record<string, string> = {}) => loadConfig({ ...environment, ...overrides })
  const { local } = config()
  if (!local) throw new Error('the rig is a local run')
  const agent = localAgent(local)
  const tenant = directory.tenant

  const clientSecret = (caller: Caller) => secrets.apps[caller] ?? ''
  const callerToken = (caller: Caller, { version = 2, resource = 'api://sallyport' }: TokenOptions = {}) =>
    requestToken({
      identity: addresses.identity,
      ca: addresses.ca,
      tenant,
      clientId: directory.app(caller).appId,
      clientSecret: clientSecret(caller),
      resource,
      version,
    })
  const operatorToken = (resource: string) => callerToken('operator', { version: 1, resource })
  const control = createControl({ agent, account })
  const mint = (claims: Record<string, unknown>, options: MintOptions = {}) =>
    control.identity.mint({ realm: tenant, claims, ...options })
  const issuer = (name: string): TestIssuer => {
    const realm = `oidc-${account}-${name}`
    return {
      issuer: `https://oidc.sallyport.test/${account}-${name}`,
      realm,
      mint: (claims, options) => mint(claims, { ...options, realm }),
      control: control.identity.of(realm),
    }
  }

  return {
    stateDir,
    addresses,
    processes,
    account,
    tenant,
    environment,
    config,
    agent,
    // The SDKs are heavy: a file that uses neither must not pay for them.
    async createStorage() {
      const { createStorage } = await import('../../local/servers/create-storage.ts')
      await createStorage({ account, agent, token: await operatorToken('https://storage.azure.com') })
    },
    callerToken,
    operatorToken,
    clientSecret,
    mint,
    issuer,
    identityControl: control.identity,
    vaultControl: control.vault,
    async operatorVault(alias) {
      const { SecretClient } = await import('@azure/keyvault-secrets')
      const credential = staticCredential(await operatorToken('https://vault.azure.net'))
      return new SecretClient(`https://${account}-${alias}.vault.azure.net`, credential, {
        additionalPolicies: [agentPolicy(agent)],
      })
    },
  }
}
