import { z } from 'zod'
import { Owner } from './conditions.ts'
import { DescribedQuestion } from './described-question.ts'
import { distinct, Name } from './primitives.ts'

const Case = z.strictObject({ must: z.enum(['deny', 'allow']), ...DescribedQuestion.shape })

/** What must always be denied, or allowed, whatever else the set says: the timer `probe` proves it again every five minutes. */
export const ProbeDocument = z.strictObject({
  kind: z.literal('probe'),
  name: Name,
  cases: distinct(Case, 50),
  owner: Owner.optional(),
})

export type ProbeDocument = z.infer<typeof ProbeDocument>
