import { z } from 'zod'
import type { JsonService } from '../rotation/json-service.ts'
import type { RoleAssignment } from './facts.ts'
import { pagesOf } from './pages.ts'

export type Arm = { service: JsonService; origin: string; signal: AbortSignal }

const VERSION = 'api-version=2022-04-01'

const Listed = z.object({
  properties: z.object({ scope: z.string(), principalId: z.string(), roleDefinitionId: z.string() }),
})
const texts = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? [])
const Definition = z.object({
  properties: z.object({
    roleName: z.string(),
    permissions: z.array(z.object({ actions: texts, dataActions: texts, notDataActions: texts })),
  }),
})

/** `/subscriptions/…/providers/Microsoft.Authorization/roleDefinitions/<guid>`: it goes into a path. */
const DEFINITION = /^(\/[A-Za-z0-9_.()-]+)*\/providers\/Microsoft\.Authorization\/roleDefinitions\/[0-9a-f-]{36}$/i

/**
 * The role assignments of a principal in a subscription, its groups' included, with what their roles permit
 * (learn.microsoft.com/rest/api/authorization; needs `Microsoft.Authorization/*\/read`). Throws UpstreamFailure, BadPage.
 */
export async function listRoleAssignments(
  { service, origin, signal }: Arm,
  { subscription, objectId }: { subscription: string; objectId: string },
): Promise<RoleAssignment[]> {
  const filter = encodeURIComponent(`assignedTo('${objectId}')`)
  const path = `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleAssignments?${VERSION}&$filter=${filter}`
  const definitions = new Map<string, z.infer<typeof Definition>['properties']>()
  const found: RoleAssignment[] = []
  for await (const item of pagesOf({ service, origin, path, next: 'nextLink', signal })) {
    const listed = Listed.safeParse(item)
    if (!listed.success || !DEFINITION.test(listed.data.properties.roleDefinitionId)) continue
    const { scope, roleDefinitionId } = listed.data.properties
    const role = definitions.get(roleDefinitionId) ?? (await readDefinition(roleDefinitionId))
    definitions.set(roleDefinitionId, role)
    const all = (kind: 'actions' | 'dataActions' | 'notDataActions') => role.permissions.flatMap((one) => one[kind])
    found.push({
      scope,
      role: role.roleName,
      actions: all('actions'),
      dataActions: all('dataActions'),
      notDataActions: all('notDataActions'),
    })
  }
  return found

  async function readDefinition(id: string) {
    return Definition.parse(await service('GET', `${id}?${VERSION}`, { signal })).properties
  }
}
