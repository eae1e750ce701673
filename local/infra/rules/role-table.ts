import type { Resource, Snapshot } from '../snapshot.ts'
import { at, ofType } from './rule.ts'

export type Assignment = {
  who: 'gateway' | 'events' | 'deployer'
  principalType: string
  role: string
  /** Of a custom role: its whole name, with the token of the deployment. */
  roleName?: string
  scopeType: string
  /** Its last part. */
  scope: string
  scopeId: string
}

const BUILT_IN: Record<string, string> = {
  'b7e6dc6d-f1e8-4753-8033-0f276bb0955b': 'Storage Blob Data Owner',
  '974c5e8b-45b9-4653-ba55-5f855dd0fb88': 'Storage Queue Data Contributor',
  '8a0f0c08-91a1-4084-bc3d-661d67233fed': 'Storage Queue Data Message Processor',
  'c6a89b2d-59bc-44d0-9896-0f6e12d7b80a': 'Storage Queue Data Message Sender',
  '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3': 'Storage Table Data Contributor',
  '76199698-9eea-4c19-bc75-cec21354c6b6': 'Storage Table Data Reader',
  '3913510d-42f4-4e42-8a64-420c390055eb': 'Monitoring Metrics Publisher',
  '4633458b-17de-408a-b874-0445c86b69e6': 'Key Vault Secrets User',
  'ba92f5b4-2d11-453d-a403-e96b0029c9fe': 'Storage Blob Data Contributor',
  '2a2b9908-6ea1-4ae2-8e65-a410df84e7d1': 'Storage Blob Data Reader',
  'db58b8e5-c6ad-4a2a-8342-4190687cbf4a': 'Storage Blob Delegator',
  '7ee386e9-84f0-448e-80a6-f185f6533131': 'Storage Queue Delegator',
  '965033a5-c8eb-4f35-b82f-fef460a3606d': 'Storage Table Delegator',
  '7f951dda-4ed3-4680-a7ca-43fe172d538d': 'AcrPull',
  '12cf5a90-567b-43ae-8102-96cf46c7d9b4': 'Web PubSub Service Owner',
  '81a9662b-bebf-436f-a333-f67b29880f12': 'Storage Account Key Operator Service Role',
  'acdd72a7-3385-48ef-bd42-f606fba81ae7': 'Reader',
}

/** Every role assignment in words; of one whose name is known at run time only, the scope stands in the expression of its id. */
export function roleTable(snapshot: Snapshot): Assignment[] {
  const custom = new Map(ofType(snapshot, 'Microsoft.Authorization/roleDefinitions').map((role) => [role.name, role]))
  return ofType(snapshot, 'Microsoft.Authorization/roleAssignments').map((assignment) => {
    const roleId = String(at(assignment, 'properties.roleDefinitionId')).split('/').at(-1) ?? ''
    const scope = scopeOf(assignment)
    const definition = custom.get(roleId)
    return {
      who: whoIs(String(at(assignment, 'properties.principalId'))),
      principalType: String(at(assignment, 'properties.principalType')),
      role: definition ? customName(definition) : (BUILT_IN[roleId] ?? roleId),
      ...(definition && { roleName: String(at(definition, 'properties.roleName')) }),
      scopeType: typeOf(scope),
      scope: scope.split('/').slice(-1).join('/'),
      scopeId: scope,
    }
  })
}

function scopeOf({ id }: Resource): string {
  const [, inExpression] = /^\[extensionResourceId\('([^']+)'/.exec(id) ?? []
  return inExpression ?? id.split('/providers/Microsoft.Authorization/')[0] ?? ''
}

/** `Microsoft.X/a/b`; empty for a group or subscription. */
function typeOf(scope: string): string {
  const [provider, ...parts] = scope.split('/providers/').slice(1).at(-1)?.split('/') ?? []
  return provider ? [provider, ...parts.filter((_, index) => index % 2 === 0)].join('/') : ''
}

function whoIs(principal: string): Assignment['who'] {
  if (principal.includes('/Microsoft.Web/sites/')) return 'gateway'
  return principal.includes('/Microsoft.EventGrid/systemTopics/') ? 'events' : 'deployer'
}

const customName = (role: Resource) => String(at(role, 'properties.roleName')).split(' ').slice(0, 2).join(' ')
