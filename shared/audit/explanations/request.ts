import { z } from 'zod'
import { ACTION_NAMES } from '../../policy/actions.ts'
import { AskedResource, DescribedContext, DescribedPrincipal } from '../../policy/documents/described-question.ts'
import { PrincipalId } from '../../policy/documents/primitives.ts'

const Principal = z.union([PrincipalId, DescribedPrincipal])

/**
 * What is to be explained: a question, of oneself or (for operators) of a principal by id, with the claims last seen of it, or
 * by description; or a request that was decided, by its `instance`.
 */
export const ExplanationRequest = z
  .strictObject({
    principal: Principal.optional(),
    action: z.enum(ACTION_NAMES).optional(),
    resource: AskedResource.optional(),
    context: DescribedContext.optional(),
    instance: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'must be the `instance` of an answer')
      .optional(),
  })
  .superRefine(oneKind)

export type ExplanationRequest = z.infer<typeof ExplanationRequest>

function oneKind(request: { [name in keyof ExplanationRequest]?: unknown }, context: z.RefinementCtx): void {
  const fault = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
  if (request.instance === undefined) {
    if (request.action === undefined) fault('action', 'is missing')
    if (request.resource === undefined) fault('resource', 'is missing')
    return
  }
  const more = (['principal', 'action', 'resource', 'context'] as const).find((name) => request[name] !== undefined)
  if (more) fault(more, 'does not go together with instance')
}
