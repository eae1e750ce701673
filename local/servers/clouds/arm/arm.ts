import { CLOUDS } from '../../../../shared/azure/clouds.ts'
import { AzureError } from '../../azure-error.ts'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { Accounts } from '../accounts.ts'
import { type AzureCallerDeps, azureCaller } from '../azure-caller.ts'
import type { CloudService } from '../service.ts'
import { armErrorAnswer, armFault } from './arm-error.ts'
import { isAllowed, listRoleAssignments, roleDefinitions } from './role-assignments.ts'
import type { KeyPair, StorageKeys } from './storage-keys.ts'

type Deps = AzureCallerDeps & { accounts: Accounts; keys: StorageKeys }

const ORIGINS = Object.values(CLOUDS).map(({ arm }) => arm)
const HOSTS: ReadonlySet<string> = new Set(ORIGINS.map((origin) => new URL(origin).hostname))
/** Tokens for ARM are also asked for by the name of its forerunner. */
const AUDIENCES = [...ORIGINS, 'https://management.core.windows.net/']

const ACCOUNT =
  /^(\/subscriptions\/[^/]+\/resourceGroups\/([^/]+)\/providers\/Microsoft\.Storage\/storageAccounts\/([a-z0-9]{3,24}))\/(\w+)$/i
const AUTHORIZATION = /^(.*)\/providers\/Microsoft\.Authorization\/(roleAssignments|roleDefinitions)(?:\/([^/]+))?$/i

/**
 * Azure Resource Manager of all clouds: keys of storage accounts (learn.microsoft.com/rest/api/storagerp/storage-accounts) and
 * role assignments (learn.microsoft.com/rest/api/authorization). Who may what is in the accounts' role assignments.
 */
export function createArm(deps: Deps): CloudService {
  return {
    serves: (host) => HOSTS.has(host),
    scopeOf: ({ url }) => ACCOUNT.exec(url.pathname)?.[3] ?? 'arm',
    operationOf: ({ url }) => url.pathname.split('/').at(-1) ?? '',
    async act(request) {
      try {
        return await answer(request, deps)
      } catch (error) {
        if (error instanceof AzureError) return armErrorAnswer(error)
        throw error
      }
    },
    shape: armFault,
  }
}

async function answer(request: ServerRequest, deps: Deps): Promise<ServerAnswer> {
  const { url, method } = request
  const caller = await callerOf(request, deps)
  if (!/^\d{4}-\d{2}-\d{2}(-preview)?$/.test(url.searchParams.get('api-version') ?? '')) {
    const text = 'The api-version query parameter (?api-version=) is required for all requests.'
    throw new AzureError(400, 'MissingApiVersionParameter', text)
  }
  const path = decodeURIComponent(url.pathname)
  const account = ACCOUNT.exec(path)
  if (account && method === 'POST') return storageAction(request, { caller, account }, deps)
  const [, scope = '', kind = '', id] = AUTHORIZATION.exec(path) ?? []
  if (kind === '' || method !== 'GET')
    throw new AzureError(404, 'InvalidResourceType', 'The resource type could not be found.')
  allow(deps, { principalId: caller, action: `Microsoft.Authorization/${kind}/read`, place: scope || '/' })
  if (kind.toLowerCase() === 'roledefinitions') return roleDefinitions(scope, id)
  return listRoleAssignments(request, scope || '/', deps.accounts.roleAssignments())
}

async function callerOf({ headers }: ServerRequest, deps: Deps): Promise<string> {
  const [, token] = /^Bearer (\S+)$/.exec(headers.authorization ?? '') ?? []
  if (!token) {
    throw new AzureError(401, 'AuthenticationFailed', "Authentication failed. The 'Authorization' header is missing.")
  }
  const caller = await azureCaller(token, AUDIENCES, deps)
  if (caller) return caller
  throw new AzureError(401, 'InvalidAuthenticationToken', 'The access token is invalid.')
}

function allow({ accounts }: Deps, wanted: { principalId: string; action: string; place: string }): void {
  if (isAllowed(accounts.roleAssignments(), wanted)) return
  const { principalId, action, place } = wanted
  const text = `The client '${principalId}' with object id '${principalId}' does not have authorization to perform action '${action}' over scope '${place}' or the scope is invalid. If access was recently granted, please refresh your credentials.`
  throw new AzureError(403, 'AuthorizationFailed', text)
}

type StorageCall = { caller: string; account: RegExpExecArray }

async function storageAction(
  { body }: ServerRequest,
  { caller, account }: StorageCall,
  deps: Deps,
): Promise<ServerAnswer> {
  const [, place = '', group = '', name = '', action = ''] = account
  allow(deps, { principalId: caller, action: `Microsoft.Storage/storageAccounts/${action}/action`, place })
  if (!deps.accounts.hasStorageAccount(place)) {
    const text = `The Resource 'Microsoft.Storage/storageAccounts/${name}' under resource group '${group}' was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix`
    throw new AzureError(404, 'ResourceNotFound', text)
  }
  if (action.toLowerCase() === 'listkeys') return shown(await deps.keys.of(name))
  if (action.toLowerCase() !== 'regeneratekey') throw new AzureError(404, 'InvalidResourceType', 'No such action.')
  const { keyName } = JSON.parse(body || '{}') as { keyName?: unknown }
  if (keyName !== 'key1' && keyName !== 'key2') {
    throw new AzureError(
      400,
      'InvalidValuesForRequestParameters',
      'Values for request parameters are invalid: keyName.',
    )
  }
  return shown(await deps.keys.regenerate(name, keyName))
}

const shown = (pair: KeyPair): ServerAnswer => ({
  status: 200,
  headers: { 'cache-control': 'no-cache' },
  json: {
    keys: Object.entries(pair).map(([keyName, { creationTime, value }]) => ({
      ...{ creationTime, keyName, value, permissions: 'FULL' },
    })),
  },
})
