import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TABLES } from '../../../shared/azure/storage-names.ts'
import type { RoleAssignment } from '../../../shared/review/facts.ts'
import { actionMatches, broadRoles, missingRoles } from '../../../shared/review/rbac.ts'
import { roleNeedsOf } from '../../../shared/review/role-needs.ts'
import { byObject, NOW, permit } from '../../support/review-facts.ts'

const RG = '/subscriptions/s/resourceGroups/g'
const vaultScope = (name: string) => `${RG}/providers/Microsoft.KeyVault/vaults/${name}`
const assignment = (scope: string, dataActions: string[], more: Partial<RoleAssignment> = {}): RoleAssignment => ({
  ...{ scope, role: 'a role', actions: [], dataActions, notDataActions: [] },
  ...more,
})
const SECRETS = 'Microsoft.KeyVault/vaults/secrets/*'
const READ = [
  'Microsoft.KeyVault/vaults/secrets/getSecret/action',
  'Microsoft.KeyVault/vaults/secrets/readMetadata/action',
]
const ENTITIES = 'Microsoft.Storage/storageAccounts/tableServices/tables/entities/*'
const configured = {
  vaults: new Map([['main', 'https://contoso-main.vault.azure.net']]),
  gatewayVault: 'https://contoso-gateway.vault.azure.net',
  tableEndpoint: 'https://contosodata.table.core.windows.net',
  ...{ policyApi: false, statements: [], rotations: [], now: NOW },
}
const part = (path: string) => `${RG}/providers/Microsoft.Storage/storageAccounts/contosodata/${path}`
const table = (name: string) => part(`tableServices/default/tables/${name}`)
const APPEND = ['tableServices/tables/entities/read', 'tableServices/tables/entities/add/action'].map(
  (action) => `Microsoft.Storage/storageAccounts/${action}`,
)
const ONLY_READ = ['policies']
const ONLY_ADDED = ['audit', 'checkpoints']
const changed = Object.values(TABLES).filter((name) => ![...ONLY_READ, ...ONLY_ADDED].includes(name))
const good = [
  assignment(vaultScope('contoso-main'), READ),
  assignment(vaultScope('contoso-gateway'), [SECRETS]),
  ...ONLY_READ.map((name) => assignment(table(name), APPEND.slice(0, 1))),
  ...ONLY_ADDED.map((name) => assignment(table(name), APPEND)),
  ...changed.map((name) => assignment(table(name), [ENTITIES])),
  assignment(part('blobServices/default/containers/checkpoints'), [
    'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/*',
  ]),
  assignment(part('queueServices/default/queues/kvevents'), [
    'Microsoft.Storage/storageAccounts/queueServices/queues/messages/process/action',
  ]),
]

describe('RBAC doctor', () => {
  const roleNeeds = roleNeedsOf(configured)

  it('finds nothing where every role is there and none is more', () => {
    expect(missingRoles({ roles: { known: good }, roleNeeds }).items).toEqual([])
    expect(broadRoles({ roles: { known: good }, roleNeeds }).items).toEqual([])
  })

  it('missing: a role on another vault whose name merely ends alike does not count', () => {
    const known = [assignment(vaultScope('x-contoso-main'), READ), ...good.slice(1)]
    expect(missingRoles({ roles: { known }, roleNeeds }).total).toBe(2)
  })

  it('missing: writing, once a policy lets somebody write', () => {
    const writer = { ...permit('w', byObject(1), ['secret/main/**']), actions: new Set(['secret:set'] as const) }
    const needs = roleNeedsOf({ ...configured, statements: [writer] })
    expect(missingRoles({ roles: { known: good }, roleNeeds: needs }).items).toMatchObject([
      { resource: 'Microsoft.KeyVault/vaults/contoso-main', why: 'statement/w' },
    ])
  })

  it('too broad: above a resource, Owner, writing that no policy needs, and what nothing asks for', () => {
    const known = [
      ...good,
      assignment(vaultScope('contoso-main'), [SECRETS]),
      assignment('/subscriptions/s', [], { actions: ['*'], role: 'Owner' }),
      assignment(vaultScope('other'), READ),
    ]
    const because = broadRoles({ roles: { known }, roleNeeds }).items.map((item) => item['because'])
    expect(because).toEqual([
      'may write secrets, and no policy lets anybody do so',
      'is for more than one resource; may change resources or give roles; nothing asks for it',
      'nothing asks for it',
    ])
  })

  it('too broad: a role on the whole account, which changes the journal too', () => {
    const whole = assignment(`${RG}/providers/Microsoft.Storage/storageAccounts/contosodata`, [ENTITIES])
    expect(broadRoles({ roles: { known: [...good, whole] }, roleNeeds }).items).toMatchObject([
      { because: 'may change or remove what is in the journal' },
    ])
  })

  it('missing: a table without its role; writing policies, once they are written over HTTP', () => {
    const known = good.filter(({ scope }) => !scope.endsWith('/tables/grants'))
    expect(missingRoles({ roles: { known }, roleNeeds }).total).toBe(4)
    const needs = roleNeedsOf({ ...configured, policyApi: true })
    expect(missingRoles({ roles: { known: good }, roleNeeds: needs }).total).toBe(3)
  })

  it('takes roles on single secrets for what is wanted of the vault', () => {
    const known = [assignment(`${vaultScope('contoso-main')}/secrets/api-key`, READ), ...good.slice(1)]
    expect(missingRoles({ roles: { known }, roleNeeds }).items).toEqual([])
  })

  it('lets the review itself read role assignments, and no more', () => {
    const reader = assignment('/subscriptions/s', [], { actions: ['*/read'], role: 'Reader' })
    expect(broadRoles({ roles: { known: [...good, reader] }, roleNeeds }).items).toEqual([])
    const more = { ...reader, actions: ['*/read', 'Microsoft.Resources/deployments/*'] }
    expect(broadRoles({ roles: { known: [...good, more] }, roleNeeds }).total).toBe(1)
  })

  it('notDataActions take away what dataActions give', () => {
    const known = [
      assignment(vaultScope('contoso-main'), [SECRETS], { notDataActions: [READ[0] ?? ''] }),
      ...good.slice(1),
    ]
    expect(missingRoles({ roles: { known }, roleNeeds }).total).toBe(1)
  })

  it('property: a pattern with stars matches what filling them in makes, in whatever case', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'B', '/', '.'), maxLength: 6 })
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), fc.infiniteStream(text), (parts, fill) => {
        const filled = parts.reduce((all, part) => all + fill.next().value + part)
        expect(actionMatches(parts.join('*'), filled.toUpperCase())).toBe(true)
        expect(actionMatches(parts.join('*'), `${filled}!`)).toBe(parts.at(-1) === '' && parts.length > 1)
      }),
    )
  })
})
