import { readIdentitySource } from '../shared/azure/identity-source.ts'
import { readOwnAccounts } from '../shared/azure/own-accounts.ts'
import type { RefuseDocument } from '../shared/policy/documents/policy-set.ts'
import { ownOf, refuseOwnTargets } from '../shared/rotation/own-target.ts'
import type { Call } from './verb.ts'

type Told = Pick<Call, 'values' | 'env'>

/**
 * Refuses rotations of what the gateway stands on, as far as options and settings name it: the gateway's own settings in the
 * environment are read where they are. What they do not say (the ids of a system-assigned identity, the deployed app's own
 * names) the gateway itself refuses, when it is asked and before it would act.
 */
export function refuseOwn({ values, env }: Told): RefuseDocument {
  const setting = (option: string, name: string) => (values[option] ?? env[name])?.toString()
  const tableEndpoint = setting('table-endpoint', 'SALLYPORT_TABLE_ENDPOINT')
  const own = ownOf(
    {
      ...{ tableEndpoint, frontDoor: env['SALLYPORT_FRONT_DOOR'], vaults: vaultsOf(env['SALLYPORT_VAULTS']) },
      issuer: setting('issuer', 'SALLYPORT_ISSUER'),
      gatewayVault: setting('gateway-vault', 'SALLYPORT_GATEWAY_VAULT'),
      ownStorageAccounts: readOwnAccounts(tableEndpoint ?? '', env),
      ownHosts: env['WEBSITE_HOSTNAME'] ? [env['WEBSITE_HOSTNAME']] : [],
    },
    identityOf(env),
  )
  return refuseOwnTargets(own)
}

/** `alias=url,…`; what is wrong with it the gateway says. */
const vaultsOf = (text = '') =>
  new Map(text.split(',').map((pair) => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1).trim()]))

function identityOf(env: Told['env']): string[] {
  try {
    const source = readIdentitySource(env['SALLYPORT_IDENTITY'], env)
    if (source.kind === 'managed') return source.id && source.id.type !== 'ResourceId' ? [source.id.id] : []
    return 'clientId' in source ? [source.clientId] : []
  } catch {
    return []
  }
}
