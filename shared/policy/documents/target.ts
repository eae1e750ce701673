import { z } from 'zod'
import { distinct, Name, ResourceUri } from './primitives.ts'
import { JwtToken } from './target-kinds/jwt.ts'

/** One schema per kind of token, each in its own file; another kind is one more entry here. */
const Token = z.discriminatedUnion('kind', [JwtToken])

/** What a token may be asked for (target.ts). `access` has no default: it decides between READ and MUTATE. */
export const TargetDocument = z.strictObject({
  kind: z.literal('target'),
  name: Name,
  access: z.enum(['read', 'write']),
  token: Token,
  resources: distinct(ResourceUri, 20, 0).default([]),
})

export type TargetDocument = z.infer<typeof TargetDocument>
