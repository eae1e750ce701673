import identities from '../local/seed/identities.json' with { type: 'json' }
import { createAzure } from '../shared/azure/azure.ts'
import { CLOUDS, type CloudName } from '../shared/azure/clouds.ts'
import { openOperatorCredential } from '../shared/azure/operator-credential.ts'
import type { TABLES } from '../shared/azure/storage-names.ts'
import type { Table } from '../shared/azure/table.ts'
import type { RefuseDocument } from '../shared/policy/documents/policy-set.ts'
import { ownOf, refuseOwnTargets } from '../shared/rotation/own-target.ts'
import type { Vault } from '../shared/secrets/vault.ts'
import { type LocalAddresses, localRun, stateFolder } from './local-state.ts'
import { refuseOwn } from './own.ts'
import { type Call, CliError, EXIT } from './verb.ts'

/** The data storage account of a local run. */
const LOCAL_ACCOUNT = 'sallyportdev'

/** Storage and vaults as the operator may use them; the gateway itself need not run. */
export type Connection = {
  table(name: keyof typeof TABLES): Table
  vault(url: string): Vault
  /** `iss` of the gateway's own tokens, where it is known. */
  issuer: string | undefined
  /** URL of the gateway's own vault, where it is known. */
  gatewayVault: string | undefined
  /** Refuses rotations of what the gateway stands on, as far as that is known here. */
  refuse: RefuseDocument
}

/**
 * Where the verb works: `--table-endpoint` (or SALLYPORT_TABLE_ENDPOINT without `--state`) is a deployed gateway, reached
 * with the default Azure credential; anything else a local run's state folder, as its operator. Throws CliError.
 */
export async function connect(call: Call): Promise<Connection> {
  const tableEndpoint = deployedEndpoint(call)
  return tableEndpoint === undefined ? connectLocally(call) : connectToAzure(call, tableEndpoint)
}

/** Table endpoint of the deployed gateway the call is about; undefined when it is about a local run. */
export function deployedEndpoint({ values, env }: Call): string | undefined {
  const local = values['state'] !== undefined || env['SALLYPORT_STATE'] !== undefined
  return (values['table-endpoint'] ?? (local ? undefined : env['SALLYPORT_TABLE_ENDPOINT']))?.toString()
}

/** The local run of the state folder; with `addresses` its servers need not be those of `npm start`. */
export async function connectLocally(call: Call, addresses?: LocalAddresses): Promise<Connection> {
  const { config, operator } = await localRun(stateFolder(call), LOCAL_ACCOUNT, addresses)
  const { table, vault } = createAzure(config, { openCredential: async () => operator })
  const gateway = identities.managedIdentities.find(({ name }) => name === 'gateway')
  const ids = gateway ? [gateway.objectId, gateway.clientId] : []
  const refuse = refuseOwnTargets(ownOf(config, ids))
  return { table, vault, issuer: config.issuer, gatewayVault: config.gatewayVault, refuse }
}

function connectToAzure(call: Call, tableEndpoint: string): Connection {
  const { values, env } = call
  const cloud = String(values['cloud'] ?? env['SALLYPORT_CLOUD'] ?? 'AzurePublic')
  if (!Object.hasOwn(CLOUDS, cloud)) throw new CliError(EXIT.usage, `--cloud: one of ${Object.keys(CLOUDS).join(', ')}`)
  if (!/^https:\/\/[^/]+\/?$/.test(tableEndpoint)) {
    throw new CliError(EXIT.usage, '--table-endpoint: https://<account>.table.core.windows.net')
  }
  const { authority } = CLOUDS[cloud as CloudName]
  const config = { tableEndpoint: new URL(tableEndpoint).origin }
  const { table, vault } = createAzure(config, { openCredential: () => openOperatorCredential(authority) })
  const setting = (option: string, name: string) => (values[option] ?? env[name])?.toString()
  return {
    table,
    vault,
    issuer: setting('issuer', 'SALLYPORT_ISSUER'),
    gatewayVault: setting('gateway-vault', 'SALLYPORT_GATEWAY_VAULT'),
    refuse: refuseOwn(call),
  }
}
