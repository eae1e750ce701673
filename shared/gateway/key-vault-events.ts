import type { Azure } from '../azure/azure.ts'
import { CLOUDS } from '../azure/clouds.ts'
import type { Config } from '../config.ts'
import type { RotationsDeps } from '../rotation/rotations.ts'

/** Key Vault's events stand on a queue of the data storage account, and name a vault by its name, not by its alias. */
export function keyVaultEvents(
  config: Config,
  azure: Pick<Azure, 'eventQueue'>,
): Pick<RotationsDeps, 'receive' | 'aliasOf'> {
  const { tableSuffix, queueSuffix } = CLOUDS[config.cloud]
  const aliases = new Map([...config.vaults].map(([alias, url]) => [nameOf(url), alias]))
  return {
    receive: azure.eventQueue(config.tableEndpoint.replace(`.${tableSuffix}`, `.${queueSuffix}`)),
    aliasOf: (name) => aliases.get(name),
  }
}

const nameOf = (url: string) => new URL(url).hostname.split('.')[0] ?? ''
