import { TABLES } from '../../../shared/azure/storage-names.ts'
import type { Resource } from '../snapshot.ts'
import { type Assignment, roleTable } from './role-table.ts'
import { at, ofType, type Rule } from './rule.ts'

const STORAGE = 'Microsoft.Storage/storageAccounts'
const TABLE = `${STORAGE}/tableServices/tables`
const VAULT = 'Microsoft.KeyVault/vaults'

/** Everything that may be assigned: `who: role @ type of scope [name, …]`. */
const ALLOWED: Record<string, readonly string[] | 'any'> = {
  [`gateway: Storage Blob Data Owner @ ${STORAGE}`]: 'any',
  [`gateway: Storage Queue Data Contributor @ ${STORAGE}`]: 'any',
  [`gateway: Storage Table Data Contributor @ ${STORAGE}`]: 'any',
  [`gateway: Storage Table Data Reader @ ${TABLE}`]: ['policies'],
  [`gateway: Storage Table Data Contributor @ ${TABLE}`]: 'any',
  [`gateway: Sallyport appender @ ${TABLE}`]: ['audit', 'checkpoints'],
  [`gateway: Sallyport appender @ ${STORAGE}/blobServices/containers`]: ['checkpoints'],
  [`gateway: Storage Queue Data Message Processor @ ${STORAGE}/queueServices/queues`]: ['kvevents'],
  [`gateway: Sallyport rotator @ ${VAULT}`]: 'any',
  [`gateway: Sallyport rotator @ ${VAULT}/secrets`]: 'any',
  [`gateway: Key Vault Secrets User @ ${VAULT}/secrets`]: 'any',
  'gateway: Monitoring Metrics Publisher @ Microsoft.Insights/components': 'any',
  [`deployer: Storage Table Data Contributor @ ${TABLE}`]: ['policies'],
  [`events: Storage Queue Data Message Sender @ ${STORAGE}/queueServices/queues`]: ['kvevents'],
}

/** Off by default. Never on the data account, but for reading who may what there. */
const OPTIONAL: Record<string, readonly string[] | 'any'> = {
  ...Object.fromEntries(
    [
      'Storage Blob Data Reader',
      'Storage Blob Data Contributor',
      'Storage Blob Delegator',
      'Storage Queue Delegator',
      'Storage Table Delegator',
      'Storage Account Key Operator Service Role',
      'Reader',
    ].map((role) => [`gateway: ${role} @ ${STORAGE}`, 'any' as const]),
  ),
  [`gateway: Storage Blob Data Contributor @ ${STORAGE}/blobServices/containers`]: ['$web'],
  [`gateway: Reader @ ${VAULT}`]: 'any',
  'gateway: AcrPull @ Microsoft.ContainerRegistry/registries': 'any',
  'gateway: Web PubSub Service Owner @ Microsoft.SignalRService/webPubSub': 'any',
}

const MAY: Record<string, readonly string[]> = {
  'Sallyport appender': [
    `${TABLE}/entities/read`,
    `${TABLE}/entities/add/action`,
    `${STORAGE}/blobServices/containers/blobs/read`,
    `${STORAGE}/blobServices/containers/blobs/add/action`,
  ],
  'Sallyport rotator': ['getSecret', 'setSecret', 'readMetadata', 'update'].map(
    (act) => `${VAULT}/secrets/${act}/action`,
  ),
}

/** Nothing but the listed roles at the listed kinds of resource, and none at a group or above. */
export const roles: Rule = (snapshot, { assignRoles, vaultAccess, options = false }) => {
  const table = roleTable(snapshot)
  if (!assignRoles) return table.map(({ role, scope }) => `assignRoles is false, yet ${role} is assigned on ${scope}`)
  const allowed = options ? { ...ALLOWED, ...OPTIONAL } : ALLOWED
  const mainVault = table.filter(
    ({ role, scopeType, scope }) => role !== 'Reader' && scopeType === VAULT && !scope.startsWith('kvgw-'),
  )
  return [
    ...table.flatMap((each) => fault(each, { allowed, options })),
    ...required(table),
    ...policyTable(table, ofType(snapshot, 'Microsoft.Web/sites/config')[0]),
    ...(mainVault.length === (vaultAccess === 'vault' ? 1 : 0)
      ? []
      : ['the main vault as a whole is for vaultAccess `vault` only, and then needed']),
  ]
}

type Limits = { allowed: Record<string, readonly string[] | 'any'>; options: boolean }

function fault({ who, role, scopeType, scope, principalType }: Assignment, { allowed, options }: Limits): string[] {
  const names = allowed[`${who}: ${role} @ ${scopeType}`]
  const types = who === 'deployer' ? ['User', 'Group', 'ServicePrincipal'] : ['ServicePrincipal']
  const mayBeElsewhere = options && (role === 'Reader' || !scope.startsWith('stdata'))
  const onHostOnly = scopeType === STORAGE && !scope.startsWith('sthost') && !mayBeElsewhere
  const onlyAdds = role === 'Storage Table Data Contributor' && ['audit', 'checkpoints'].includes(scope)
  return [
    ...(names === 'any' || names?.includes(scope)
      ? []
      : [`${who}: ${role} on ${scopeType || 'a group or subscription'} ${scope} is not allowed`]),
    ...(types.includes(principalType) ? [] : [`${who}: ${role} on ${scope} has no principalType`]),
    ...(onHostOnly ? [`${who}: ${role} on all of ${scope}: roles there are for one table, container or queue`] : []),
    ...(onlyAdds ? [`${who}: ${role} on ${scope}: the journal is read and added to, never changed`] : []),
  ]
}

/** Without one of these the gateway would not start, or answer 503. */
function required(table: Assignment[]): string[] {
  const has = (role: string, scope: RegExp) => table.some((each) => each.role === role && scope.test(each.scope))
  const needs: [string, RegExp][] = [
    ['Storage Blob Data Owner', /^sthost/],
    ['Storage Queue Data Contributor', /^sthost/],
    ['Storage Table Data Contributor', /^sthost/],
    ['Sallyport rotator', /^kvgw-/],
    ['Sallyport appender', /^audit$/],
    ['Sallyport appender', /^checkpoints$/],
    ['Storage Queue Data Message Processor', /^kvevents$/],
    ['Storage Queue Data Message Sender', /^kvevents$/],
    ['Monitoring Metrics Publisher', /^appi-/],
  ]
  const isOpen = (name: string) => table.some(({ who, scope }) => who === 'gateway' && scope === name)
  return [
    ...needs
      .filter(([role, scope]) => !has(role, scope))
      .map(([role, scope]) => `${role} on ${scope.source} is missing`),
    ...Object.values(TABLES)
      .filter((name) => !isOpen(name))
      .map((name) => `the gateway has no role on table ${name}`),
  ]
}

/** Who may write policies may do everything: the gateway itself only where policies are written through it. */
function policyTable(table: Assignment[], settings: Resource | undefined): string[] {
  const isWritten = at(settings, 'properties.SALLYPORT_POLICY_API') === 'on'
  const wanted = isWritten ? 'Storage Table Data Contributor' : 'Storage Table Data Reader'
  return table
    .filter(({ who, scope, role }) => who === 'gateway' && scope === TABLES.policies && role !== wanted)
    .map(({ role }) => `the gateway reads its policies, and writes them with policyApi alone: ${role}, not ${wanted}`)
}

/** Custom roles hold the listed data actions and nothing else. */
export const customRoles: Rule = (snapshot) =>
  ofType(snapshot, 'Microsoft.Authorization/roleDefinitions').flatMap((role) => {
    const name = String(at(role, 'properties.roleName')).split(' ').slice(0, 2).join(' ')
    const wanted = [{ actions: [], notActions: [], dataActions: MAY[name] ?? [], notDataActions: [] }]
    const same = JSON.stringify(at(role, 'properties.permissions')) === JSON.stringify(wanted)
    return same ? [] : [`role ${name} may more or less than it should`]
  })
