import { z } from 'zod'
import { AzureError } from '../../azure-error.ts'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'

/** Scopes are compared without regard to case, as ARM does. */
export const RoleAssignment = z.strictObject({
  name: z.guid(),
  scope: z.string().startsWith('/'),
  principalId: z.guid(),
  principalType: z.enum(['ServicePrincipal', 'User', 'Group']).default('ServicePrincipal'),
  /** Id of the role definition, without its path. */
  roleDefinition: z.guid(),
})
export type RoleAssignment = z.infer<typeof RoleAssignment>

type Permission = { actions: string[]; dataActions: string[] }
const role = (roleName: string, actions: string[], dataActions: string[] = []) => ({ roleName, actions, dataActions })

/** Built-in roles (learn.microsoft.com/azure/role-based-access-control/built-in-roles), as far as the gateway meets them. */
const ROLES: Record<string, Permission & { roleName: string }> = {
  '8e3af657-a8ff-443c-a75c-2fe8c4bcb635': role('Owner', ['*']),
  'b24988ac-6180-42a0-ab88-20f7382dd24c': role('Contributor', ['*']),
  'acdd72a7-3385-48ef-bd42-f606fba81ae7': role('Reader', ['*/read']),
  '81a9662b-bebf-436f-a333-f67b29880f12': role('Storage Account Key Operator Service Role', [
    'Microsoft.Storage/storageAccounts/listkeys/action',
    'Microsoft.Storage/storageAccounts/regeneratekey/action',
  ]),
  'b86a8fe4-44ce-4948-aee5-eccb2c155cd7': role(
    'Key Vault Secrets Officer',
    ['Microsoft.KeyVault/vaults/*/read'],
    ['Microsoft.KeyVault/vaults/secrets/*'],
  ),
  '4633458b-17de-408a-b874-0445c86b69e6': role(
    'Key Vault Secrets User',
    [],
    ['Microsoft.KeyVault/vaults/secrets/getSecret/action', 'Microsoft.KeyVault/vaults/secrets/readMetadata/action'],
  ),
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': role(
    'Storage Table Data Contributor',
    ['Microsoft.Storage/storageAccounts/tableServices/tables/*'],
    ['Microsoft.Storage/storageAccounts/tableServices/tables/entities/*'],
  ),
  '8a0f0c08-91a1-4084-bc3d-661d67233fed': role(
    'Storage Queue Data Message Processor',
    [],
    [
      'Microsoft.Storage/storageAccounts/queueServices/queues/messages/read',
      'Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action',
    ],
  ),
  // The custom role of infra/, under an id of the local directory.
  '44444444-4444-4444-8444-000000000001': role(
    'Sallyport appender',
    [],
    [
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/read',
      'Microsoft.Storage/storageAccounts/tableServices/tables/entities/add/action',
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read',
      'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/add/action',
    ],
  ),
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': role(
    'Storage Blob Data Contributor',
    ['Microsoft.Storage/storageAccounts/blobServices/containers/*'],
    ['Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*'],
  ),
}

const isAbove = (scope: string, place: string) =>
  place.toLowerCase() === scope.toLowerCase() ||
  place.toLowerCase().startsWith(`${scope.replace(/\/$/, '').toLowerCase()}/`)

/** Whether a principal has the action at a place: by an assignment there or above. */
export function isAllowed(
  assignments: readonly RoleAssignment[],
  { principalId, action, place }: { principalId: string; action: string; place: string },
): boolean {
  const covers = (pattern: string) =>
    pattern === '*' ||
    pattern.toLowerCase() === action.toLowerCase() ||
    (pattern === '*/read' && action.endsWith('/read'))
  return assignments.some(
    (one) =>
      one.principalId === principalId &&
      isAbove(one.scope, place) &&
      ROLES[one.roleDefinition]?.actions.some(covers) === true,
  )
}

const PAGE = 50

/**
 * GET {scope}/providers/Microsoft.Authorization/roleAssignments: at the scope, above and (without `atScope()`) below it; filters
 * `atScope()`, `principalId eq '…'` and `assignedTo('…')`; pages by `nextLink`.
 */
export function listRoleAssignments(
  { url }: ServerRequest,
  scope: string,
  all: readonly RoleAssignment[],
): ServerAnswer {
  const filter = url.searchParams.get('$filter') ?? ''
  const [, principal] =
    /^(?:atScope\(\) and )?(?:principalId eq|assignedTo\()\s*'([0-9a-f-]{36})'\)?$/.exec(filter) ?? []
  if (filter !== '' && filter !== 'atScope()' && !principal)
    throw new AzureError(400, 'InvalidFilter', `The filter '${filter}' is not supported.`)
  const atScope = filter.startsWith('atScope()')
  const found = all.filter(
    (one) =>
      (isAbove(one.scope, scope) || (!atScope && isAbove(scope, one.scope))) &&
      (principal === undefined || one.principalId === principal),
  )
  const from = Number(url.searchParams.get('$skipToken') ?? 0)
  const next = new URL(url)
  next.searchParams.set('$skipToken', String(from + PAGE))
  const value = found.slice(from, from + PAGE).map((one) => shown(one))
  return { status: 200, json: { value, ...(from + PAGE < found.length && { nextLink: next.href }) } }
}

function shown({ name, scope, principalId, principalType, roleDefinition }: RoleAssignment) {
  const id = `${scope.replace(/\/$/, '')}/providers/Microsoft.Authorization/roleAssignments/${name}`
  const roleDefinitionId = definitionId(scope, roleDefinition)
  const properties = { roleDefinitionId, principalId, principalType, scope, condition: null, conditionVersion: null }
  return { properties, id, type: 'Microsoft.Authorization/roleAssignments', name }
}

const definitionId = (scope: string, id: string) => {
  const [subscription = ''] = /^\/subscriptions\/[^/]+/.exec(scope) ?? []
  return `${subscription}/providers/Microsoft.Authorization/roleDefinitions/${id}`
}

/** GET {scope}/providers/Microsoft.Authorization/roleDefinitions[/{id}]. */
export function roleDefinitions(scope: string, id: string | undefined): ServerAnswer {
  const shownRole = ([key, { roleName, actions, dataActions }]: [string, Permission & { roleName: string }]) => ({
    properties: {
      ...{ roleName, type: 'BuiltInRole', description: '', assignableScopes: ['/'] },
      permissions: [{ actions, notActions: [], dataActions, notDataActions: [] }],
    },
    ...{ id: definitionId(scope, key), type: 'Microsoft.Authorization/roleDefinitions', name: key },
  })
  if (id === undefined) return { status: 200, json: { value: Object.entries(ROLES).map(shownRole) } }
  const found = ROLES[id]
  if (!found)
    throw new AzureError(
      404,
      'RoleDefinitionDoesNotExist',
      `The specified role definition with ID '${id}' does not exist.`,
    )
  return { status: 200, json: shownRole([id, found]) }
}
