import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createAzure } from '../../shared/azure/azure.ts'
import { localAgent } from '../../shared/azure/local-route.ts'
import { loadConfig } from '../../shared/config.ts'
import { GatewayError } from '../../shared/errors.ts'
import { applyPolicies } from '../../shared/policy/apply.ts'
import { applyWhenFree } from '../../shared/policy/apply-when-free.ts'
import { loadDocuments } from '../../shared/policy/load-documents.ts'
import type { Vault } from '../../shared/secrets/vault.ts'
import { operatorCredential } from '../operator.ts'
import { createStorage } from '../servers/create-storage.ts'
import { seedExampleBlob } from './example-blob.ts'
import { seedOrdersDatabase } from './orders-database.ts'
import { EXAMPLE_SECRETS } from './secrets.ts'

/** A start that was killed while it applied leaves its claim for a while. */
const CLAIM_SECONDS = 60

export type SeedOptions = {
  stateDir: string
  account: string
  /** What the gateway's process gets (startServers). */
  environment: Record<string, string>
  identity: string
  ca: string
  /** `tcp://host:port` of PostgreSQL. */
  postgres?: string
}

/** Makes what Bicep and a deployer make in Azure: tables, example secrets, example policies. What is there already stays. */
export async function seedState({
  stateDir,
  account,
  environment,
  identity,
  ca,
  postgres,
}: SeedOptions): Promise<string[]> {
  const config = loadConfig(environment)
  if (!config.local) throw new Error('only a local run is seeded')
  const credential = operatorCredential({ stateDir, identity, ca })
  const azure = createAzure(config, { openCredential: async () => credential })
  const storage = await credential.getToken('https://storage.azure.com/.default')
  const agent = localAgent(config.local)
  await createStorage({ account, agent, token: storage?.token ?? '' })
  await seedExampleBlob({ credential, agent })
  const secrets = await seedSecrets(azure.vault(config.vaults.get('main') ?? ''))
  if (postgres) {
    const vaults = {
      vault: azure.vault(config.vaults.get('main') ?? ''),
      gatewayVault: azure.vault(config.gatewayVault),
    }
    const adminPassword = () => randomBytes(24).toString('base64url')
    await seedOrdersDatabase({ stateDir, address: postgres, ca }, { ...vaults, adminPassword })
  }
  const policies = azure.table('policies')
  if (await policies.get('_', 'revision')) return [`${secrets} example secrets added; the policies in force stay`]
  const documents = await loadDocuments(join(import.meta.dirname, 'policies'))
  const apply = { table: policies, documents, now: Date.now, forbiddenIssuer: config.issuer }
  const { revision } = await applyWhenFree(() => applyPolicies(apply), { waitSeconds: CLAIM_SECONDS })
  return [`${secrets} example secrets added; ${documents.length} policy documents applied as revision ${revision}`]
}

async function seedSecrets(vault: Vault): Promise<number> {
  let added = 0
  for (const { name, make } of EXAMPLE_SECRETS) {
    if (await exists(vault, name)) continue
    await vault.set(name, make())
    added += 1
  }
  return added
}

async function exists(vault: Vault, name: string): Promise<boolean> {
  try {
    await vault.get(name)
    return true
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'secret_not_found') return false
    throw error
  }
}
