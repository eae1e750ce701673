import { z } from 'zod'
import { distinct, PrincipalId, text } from './primitives.ts'

/** What the review compares reality with: who owns a secret, who uses it, who has seen it. */
export const SecretRuleDocument = z.strictObject({
  kind: z.literal('secretRule'),
  secret: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}\/[0-9a-z-]{1,127}$/, 'must be <vault alias>/<secret name> in lower case'),
  owner: text(128),
  /** Principal ids of the programs that use it. */
  consumers: distinct(PrincipalId, 1_000, 0).default([]),
  /** People and teams that have seen the value. */
  knownTo: distinct(text(128), 1_000, 0).default([]),
  maxAgeDays: z.int().min(1).max(3_650).optional(),
  expiresRequired: z.boolean().default(false),
})

export type SecretRuleDocument = z.infer<typeof SecretRuleDocument>
