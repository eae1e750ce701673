import { createHash } from 'node:crypto'
import type { ServerAnswer, ServerRequest } from '../../http-server.ts'
import type { Directory } from '../directory.ts'
import { GRAPH_APP_ID, type GraphCaller } from './caller.ts'
import { badRequest, denied, notFound } from './graph-error.ts'

type Call = { request: ServerRequest; caller: GraphCaller }

const READ = [
  'Application.Read.All',
  'Application.ReadWrite.OwnedBy',
  'Application.ReadWrite.All',
  'Directory.Read.All',
]
const DEFAULT_PAGE = 100
const MAX_PAGE = 999

type Principal = Record<string, unknown> & { id: string; servicePrincipalType: string }

/**
 * GET /v1.0/servicePrincipals (learn.microsoft.com/graph/api/serviceprincipal-list): `$filter` by type alone, `$select`, `$top`,
 * pages by `@odata.nextLink`. `alternativeNames` of a managed identity: `isExplicit=True` (user-assigned) or `False`, and its ARM id.
 */
export function listServicePrincipals({ request, caller }: Call, directory: Directory): ServerAnswer {
  if (!caller.roles.some((role) => READ.includes(role))) throw denied()
  const { origin, searchParams } = request.url
  const found = matching(allOf(directory), searchParams.get('$filter'))
  const top = Number(searchParams.get('$top') ?? DEFAULT_PAGE)
  if (!Number.isInteger(top) || top < 1 || top > MAX_PAGE) throw badRequest(`Invalid page size specified: '${top}'.`)
  const from = Number(searchParams.get('$skiptoken') ?? 0)
  const selected = searchParams.get('$select')?.split(',')
  const value = found
    .slice(from, from + top)
    .map((item) => Object.fromEntries(Object.entries(item).filter(([name]) => selected?.includes(name) ?? true)))
  const next = new URL(request.url)
  next.searchParams.set('$skiptoken', String(from + top))
  const more = from + top < found.length && { '@odata.nextLink': next.href }
  const context = `${origin}/v1.0/$metadata#servicePrincipals${selected ? `(${selected.join(',')})` : ''}`
  return { status: 200, json: { '@odata.context': context, ...more, value } }
}

/** GET /v1.0/servicePrincipals/{id}/appRoleAssignments: here those of Microsoft Graph alone. */
export function listAppRoleAssignments({ request, caller }: Call, directory: Directory, id: string): ServerAnswer {
  if (!caller.roles.some((role) => READ.includes(role) && role !== 'Application.ReadWrite.OwnedBy')) throw denied()
  const principal = allOf(directory).find((item) => item.id === id)
  if (!principal) throw notFound(id)
  const value = directory.graphPermissions(id).map((permission) => ({
    id: createHash('sha256').update(`${id} ${permission}`).digest('base64url'),
    appRoleId: guidOf(permission),
    createdDateTime: '2026-01-01T00:00:00Z',
    principalDisplayName: principal['displayName'],
    principalId: id,
    principalType: 'ServicePrincipal',
    resourceDisplayName: 'Microsoft Graph',
    resourceId: guidOf(GRAPH_APP_ID),
  }))
  const context = `${request.url.origin}/v1.0/$metadata#servicePrincipals('${id}')/appRoleAssignments`
  return { status: 200, json: { '@odata.context': context, value } }
}

function matching(all: Principal[], filter: string | null): Principal[] {
  if (filter === null) return all
  const [, type] = /^servicePrincipalType eq '(\w+)'$/.exec(filter) ?? []
  if (!type) throw badRequest('Invalid filter clause.')
  return all.filter(({ servicePrincipalType }) => servicePrincipalType === type)
}

function allOf(directory: Directory): Principal[] {
  const apps = directory.apps().map(({ name, appId, objectId }) => ({
    ...{ id: objectId, appId, displayName: name, servicePrincipalType: 'Application', accountEnabled: true },
    alternativeNames: [],
  }))
  const identities = directory.managedIdentities().map(({ name, clientId, objectId, kind, resourceId }) => ({
    ...{ id: objectId, appId: clientId, displayName: name, servicePrincipalType: 'ManagedIdentity' },
    ...{ accountEnabled: true, alternativeNames: [`isExplicit=${kind === 'user' ? 'True' : 'False'}`, resourceId] },
  }))
  return [...apps, ...identities]
}

/** The ids of Graph's roles are fixed; here each has one of its own. */
function guidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
