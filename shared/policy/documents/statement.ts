import { z } from 'zod'
import { Conditions, Owner } from './conditions.ts'
import { ObligationsDocument } from './obligations.ts'
import { ResourcePattern } from './patterns.ts'
import { distinct, Instant, Name } from './primitives.ts'
import { PrincipalSelector } from './principals.ts'

/** One rule: whom, what, on what, when, and what must be done about it. */
export const StatementDocument = z
  .strictObject({
    kind: z.literal('statement'),
    id: Name,
    effect: z.enum(['permit', 'forbid']),
    /** `report`: evaluated and recorded, never enforced. */
    mode: z.enum(['enforce', 'report']).default('enforce'),
    principals: distinct(PrincipalSelector, 500),
    roles: distinct(Name, 50),
    resources: distinct(ResourcePattern, 500),
    when: Conditions.optional(),
    obligations: ObligationsDocument.optional(),
    /** For emergencies: counts only through a grant that was opened with `breakGlass`, needs a reason and a ticket, skips approvals. */
    breakGlass: z.boolean().optional(),
    notBefore: Instant.optional(),
    expires: Instant.optional(),
    owner: Owner.optional(),
  })
  .superRefine(acrossFields, { when: () => true })

export type StatementDocument = z.infer<typeof StatementDocument>

function acrossFields(statement: Partial<StatementDocument> | undefined, context: z.RefinementCtx): void {
  const fault = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message })
  if (statement?.effect === 'forbid') {
    if (statement.when?.purpose !== undefined) {
      fault(['when', 'purpose'], 'stands in permits only: naming another purpose would escape a forbid')
    }
    if (statement.obligations !== undefined) fault(['obligations'], 'stand in permits only')
    if (statement.breakGlass !== undefined) fault(['breakGlass'], 'stands in permits only')
  }
  if (statement?.breakGlass === true && statement.obligations?.approval) {
    fault(['obligations', 'approval'], 'is what breakGlass skips: one statement cannot ask for both')
  }
  const from = Date.parse(statement?.notBefore ?? '')
  const until = Date.parse(statement?.expires ?? '')
  if (from >= until) fault(['expires'], 'must be after notBefore')
}
