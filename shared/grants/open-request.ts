import { z } from 'zod'
import { ACTION_NAMES, ACTIONS, type Action } from '../policy/actions.ts'
import { Ttl } from '../policy/documents/obligations.ts'
import { ResourcePattern } from '../policy/documents/patterns.ts'
import { distinct } from '../policy/documents/primitives.ts'
import { canonicalResource } from '../policy/match/resource.ts'

const MAX_RESOURCES = 50
const MAX_USES = 1_000_000

/** What its holder does with a grant needs no entry in it, and nobody opens one by another. */
const GRANTABLE = ACTION_NAMES.filter((action) => action !== 'grant:create' && action !== 'grant:delegate')

const Resource = ResourcePattern.refine((text) => !text.includes('${'), 'must not hold a template').transform(
  canonicalResource,
)

/** Actions and resources of a grant to be: each action has a resource of its form, each resource an action. */
export const GrantMask = {
  actions: distinct(z.enum(GRANTABLE as [Action, ...Action[]]), GRANTABLE.length),
  resources: distinct(Resource, MAX_RESOURCES),
  ttl: Ttl,
  maxUses: z.int().min(1).max(MAX_USES).optional(),
  reason: z.string().optional(),
}

/** Body of `POST /v1/grants`. `ttl` is seconds or `90s`, `15m`, `1h`. */
export const GrantRequest = z
  .strictObject({ ...GrantMask, breakGlass: z.literal(true).optional() })
  .superRefine(fitsTogether)

export type GrantRequest = z.infer<typeof GrantRequest>

export function fitsTogether(
  { actions, resources }: { actions: readonly Action[]; resources: readonly string[] },
  context: z.RefinementCtx,
): void {
  const idle = actions.findIndex((action) => !resources.some((resource) => isOn(action, resource)))
  if (idle >= 0) context.addIssue({ code: 'custom', path: ['actions', idle], message: 'is on none of the resources' })
  const unused = resources.findIndex((resource) => !actions.some((action) => isOn(action, resource)))
  if (unused >= 0) {
    context.addIssue({ code: 'custom', path: ['resources', unused], message: 'is what none of the actions is on' })
  }
}

/** Whether the action is asked on resources of this form. */
export function isOn(action: Action, resource: string): boolean {
  const form = ACTIONS[action].resource
  return form === 'any' || resource === '**' || form.split('/')[0] === resource.split('/')[0]
}
