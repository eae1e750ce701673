import { describe, expect, it } from 'vitest'
import { judge } from '../../local/infra/rules/all.ts'
import type { Resource, Snapshot } from '../../local/infra/snapshot.ts'
import { predicted } from './snapshots.ts'

const CASE = { network: 'private', assignRoles: true, vaultAccess: 'vault' } as const
const pristine = () => predicted({ name: 'prod.private.roles.vault' })

type Mutation = [what: string, change: (snapshot: Snapshot) => void, says: RegExp]

/** Sets a member deep inside every resource of the type whose name has the part. */
function set(type: string, path: string, value: unknown, part = ''): (snapshot: Snapshot) => void {
  return ({ predictedResources }) => {
    for (const resource of predictedResources.filter((each) => each.type === type && each.name.includes(part))) {
      const parts = path.split('.')
      const last = parts.pop() ?? ''
      const holder = parts.reduce<Record<string, unknown>>(
        (all, name) => all[name] as Record<string, unknown>,
        resource as Record<string, unknown>,
      )
      holder[last] = value
    }
  }
}

const drop =
  (gone: (resource: Resource) => boolean) =>
  (snapshot: Snapshot): void => {
    const index = snapshot.predictedResources.findIndex(gone)
    if (index < 0) throw new Error('there is no such resource: the mutation would take another')
    snapshot.predictedResources.splice(index, 1)
  }

const assign =
  (scope: string, role: string, principalType = 'ServicePrincipal') =>
  (snapshot: Snapshot) => {
    const [site] = snapshot.predictedResources.filter(({ type }) => type === 'Microsoft.Web/sites')
    snapshot.predictedResources.push({
      id: `${scope}/providers/Microsoft.Authorization/roleAssignments/added`,
      type: 'Microsoft.Authorization/roleAssignments',
      name: 'added',
      apiVersion: '2022-04-01',
      properties: {
        principalId: `[reference('${site?.id}').identity.principalId]`,
        principalType,
        roleDefinitionId: role,
      },
    })
  }

const STORAGE = 'Microsoft.Storage/storageAccounts'
const VAULT = 'Microsoft.KeyVault/vaults'
const SITE = 'Microsoft.Web/sites'
const SETTINGS = 'Microsoft.Web/sites/config'
const GROUP = '/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/rg-prod'
const CONTRIBUTOR = 'b24988ac-6180-42a0-ab88-20f7382dd24c'
const TABLES = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
const idOf = (type: string, part: string) =>
  pristine().predictedResources.find((each) => each.type === type && each.name.includes(part))?.id ?? ''

const MUTATIONS: Mutation[] = [
  ['shared key on', set(STORAGE, 'properties.allowSharedKeyAccess', true), /allowSharedKeyAccess/],
  ['TLS of storage down', set(STORAGE, 'properties.minimumTlsVersion', 'TLS1_0'), /minimumTlsVersion/],
  ['TLS of the app down', set(SITE, 'properties.siteConfig.minTlsVersion', '1.0'), /minTlsVersion/],
  ['public blobs', set(STORAGE, 'properties.allowBlobPublicAccess', true), /allowBlobPublicAccess/],
  ['a public container', set(`${STORAGE}/blobServices/containers`, 'properties.publicAccess', 'Blob'), /publicAccess/],
  ['http allowed', set(SITE, 'properties.httpsOnly', false), /httpsOnly/],
  ['the firewall of storage open', set(STORAGE, 'properties.networkAcls.defaultAction', 'Allow'), /defaultAction/],
  ['purge protection off', set(VAULT, 'properties.enablePurgeProtection', false), /enablePurgeProtection/],
  ['access policies', set(VAULT, 'properties.enableRbacAuthorization', false), /enableRbacAuthorization/],
  ['a public vault', set(VAULT, 'properties.publicNetworkAccess', 'Enabled'), /publicNetworkAccess/],
  ['SCM basic auth on', set(`${SITE}/basicPublishingCredentialsPolicies`, 'properties.allow', true, 'scm'), /allow/],
  ['FTP on', set(SITE, 'properties.siteConfig.ftpsState', 'AllAllowed'), /ftpsState/],
  ['a debugger', set(SITE, 'properties.siteConfig.remoteDebuggingEnabled', true), /remoteDebuggingEnabled/],
  ['no API definition', set(SITE, 'properties.siteConfig.apiDefinition.url', ''), /apiDefinition/],
  ['CORS for all', set(SITE, 'properties.siteConfig.cors.allowedOrigins', ['*']), /allowedOrigins/],
  ['a public app', set(SITE, 'properties.publicNetworkAccess', 'Enabled'), /publicNetworkAccess/],
  ['a role at the group', assign(GROUP, CONTRIBUTOR), /group or subscription/],
  ['a role on the whole data account', assign(idOf(STORAGE, 'stdata'), TABLES), /on all of stdata/],
  ['the journal changeable', assign(idOf(`${STORAGE}/tableServices/tables`, '/audit'), TABLES), /never changed/],
  [
    'policies writable by the gateway',
    assign(idOf(`${STORAGE}/tableServices/tables`, '/policies'), TABLES),
    /reads its pol/,
  ],
  [
    'no role on a table',
    drop(({ id }) => /roleAssignments/.test(id) && id.includes("/tables/grants'")),
    /no role on table grants/,
  ],
  ['no principalType', assign(idOf(VAULT, 'kvgw'), CONTRIBUTOR, ''), /no principalType/],
  [
    'no role on the gateway vault',
    drop(({ id }) => /roleAssignments/.test(id) && id.includes('/kvgw-')),
    /kvgw- is missing/,
  ],
  ['a secret in an output', (all) => Object.assign(all.outputs ?? {}, { ADMIN_KEY: 'x' }), /output ADMIN_KEY/],
  ['a list* call', set(SETTINGS, 'properties.SALLYPORT_ISSUER', "[listKeys('x')]"), /asks for a key/],
  ['no diagnostics of a vault', drop(({ id }) => /kvmain.*diagnosticSettings/.test(id)), /no diagnostic setting/],
  ['logs with a key', set('Microsoft.OperationalInsights/workspaces', 'properties.features', {}), /disableLocalAuth/],
  [
    'telemetry with a key',
    set('Microsoft.Insights/components', 'properties.DisableLocalAuth', false),
    /DisableLocalAuth/,
  ],
  ['a setting nobody reads', set(SETTINGS, 'properties.SALLYPORT_OLD', '1'), /SALLYPORT_OLD is read by nobody/],
  ['a setting missing', set(SETTINGS, 'properties.SALLYPORT_VAULTS', ''), /SALLYPORT_VAULTS is missing/],
  ['an unknown cloud', set(SETTINGS, 'properties.SALLYPORT_CLOUD', 'Azure'), /SALLYPORT_CLOUD/],
  [
    'a table missing',
    drop(({ type, name }) => type.endsWith('/tables') && name.endsWith('/quotas')),
    /table quotas is not/,
  ],
  ['a table too many', set(`${STORAGE}/queueServices/queues`, 'name', 'a/default/other'), /queue other is nobody/],
  ['a vault name too long', set(VAULT, 'name', 'kv-0123456789-0123456789-0'), /too long/],
  ['no tags', set(SITE, 'tags', {}), /no tag/],
  ['a zone missing', drop(({ type }) => type.endsWith('/privateDnsZones')), /no private DNS zone/],
  ['an endpoint missing', drop(({ type }) => type.endsWith('/privateEndpoints')), /no private endpoint/],
  ['an alert missing', drop(({ name }) => name === 'sallyport-journal-failing'), /no alert journal-failing/],
  ['an id twice', (all) => all.predictedResources.push(...all.predictedResources.slice(0, 1)), /created twice/],
  ['something not predicted', (all) => all.diagnostics.push('short-circuited'), /not all could be predicted/],
  [
    'a custom role that may delete',
    set('Microsoft.Authorization/roleDefinitions', 'properties.permissions', [{ dataActions: ['*'] }]),
    /may more or less/,
  ],
  ['Event Grid shut out', set(STORAGE, 'properties.networkAcls.bypass', 'None', 'stdata'), /shuts Event Grid out/],
]

describe('the rules turn red', () => {
  it('of nothing before a mutation', () => {
    expect(judge(pristine(), CASE)).toEqual([])
  })

  it.each(MUTATIONS)('%s', (_, change, says) => {
    const snapshot = pristine()
    change(snapshot)
    expect(judge(snapshot, CASE).join('\n')).toMatch(says)
  })

  it('roles where none are to be assigned', () => {
    expect(judge(pristine(), { ...CASE, assignRoles: false }).join()).toMatch(/assignRoles is false, yet/)
  })

  it('the whole vault where single secrets are to be granted', () => {
    expect(judge(pristine(), { ...CASE, vaultAccess: 'perSecret' }).join()).toMatch(/vaultAccess `vault` only/)
  })
})
