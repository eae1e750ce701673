import { z } from 'zod'
import type { JsonService } from '../rotation/json-service.ts'
import type { RoleAssignment } from './facts.ts'
import { pagesOf } from './pages.ts'

export type Arm = { service: JsonService; origin: string; signal: AbortSignal }

const VERSION = 'api-version=2022-04-01'

const Listed = z.object({
  id: z.string(),
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

/** The end of `…/providers/Microsoft.Authorization/roleDefinitions/<guid>`: it goes into a path. */
const DEFINITION = /\/providers\/Microsoft\.Authorization\/roleDefinitions\/([0-9a-f-]{36})$/i

/**
 * The role assignments of a principal at, above and below each of the scopes, its groups' included, with what their roles
 * permit (learn.microsoft.com/rest/api/authorization; Reader at each scope is enough: nothing is asked of the subscription).
 * Throws UpstreamFailure, BadPage.
 */
export async function listRoleAssignments(
  { service, origin, signal }: Arm,
  { scopes, objectId }: { scopes: readonly string[]; objectId: string },
): Promise<RoleAssignment[]> {
  const filter = encodeURIComponent(`assignedTo('${objectId}')`)
  const definitions = new Map<string, z.infer<typeof Definition>['properties']>()
  const found = new Map<string, RoleAssignment>()
  for (const scope of scopes) {
    const path = `${scope}/providers/Microsoft.Authorization/roleAssignments?${VERSION}&$filter=${filter}`
    for await (const item of pagesOf({ service, origin, path, next: 'nextLink', signal })) {
      const listed = Listed.safeParse(item)
      const [, definition = ''] = DEFINITION.exec(listed.data?.properties.roleDefinitionId ?? '') ?? []
      if (!listed.success || definition === '' || found.has(listed.data.id)) continue
      const role = definitions.get(definition) ?? (await readDefinition(scope, definition))
      definitions.set(definition, role)
      const all = (kind: 'actions' | 'dataActions' | 'notDataActions') => role.permissions.flatMap((one) => one[kind])
      found.set(listed.data.id, {
        scope: listed.data.properties.scope,
        role: role.roleName,
        actions: all('actions'),
        dataActions: all('dataActions'),
        notDataActions: all('notDataActions'),
      })
    }
  }
  return [...found.values()]

  async function readDefinition(scope: string, id: string) {
    const path = `${scope}/providers/Microsoft.Authorization/roleDefinitions/${id}?${VERSION}`
    return Definition.parse(await service('GET', path, { signal })).properties
  }
}
