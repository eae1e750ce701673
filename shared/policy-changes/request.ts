import { z } from 'zod'
import { GatewayError } from '../errors.ts'

/** Of a set, or of one document at its longest with every character escaped. */
export const MAX_DOCUMENTS_BYTES = 1_048_576

const Reason = z.string().min(1).max(256)

/** Any JSON object: what is wrong with it as a policy is a 422 with a pointer for each fault. */
const Document = z.record(z.string(), z.unknown())

export const PutBody = z.strictObject({ document: Document, reason: Reason.optional() })

export const PlanBody = z.strictObject({ documents: z.array(z.unknown()).max(20_000), reason: Reason.optional() })

export const ApprovalBody = z.strictObject({
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits in lower case'),
  decision: z.enum(['approve', 'deny']),
  reason: Reason,
})

export const POLICY_KIND = /^[a-z][a-zA-Z]{0,31}$/
export const POLICY_ID = /^(?:[a-z][a-z0-9-]{0,30}\|[0-9a-z-]{1,127}|[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)$/

/** The document that a path names; `secretRule`s are named `<vault>|<secret>`. Throws `invalid_request`. */
export function documentAt({ kind, id }: Readonly<Record<string, string>>): { kind: string; id: string } {
  if (kind !== undefined && id !== undefined && POLICY_KIND.test(kind) && POLICY_ID.test(id)) return { kind, id }
  const detail = 'a policy document is named by its kind and its name or id'
  throw new GatewayError('invalid_request', 'policy_name_malformed', { detail })
}

const MAX_LIMIT = 200

/** Query of the list; `after` is the last document that was seen. */
export const ListPoliciesQuery = z.strictObject({
  kind: z.string().regex(POLICY_KIND).optional(),
  limit: z
    .string()
    .regex(/^\d{1,3}$/)
    .transform(Number)
    .refine((count) => count >= 1 && count <= MAX_LIMIT, `must be 1 to ${MAX_LIMIT}`)
    .default(100)
    .meta({ type: 'integer', minimum: 1, maximum: MAX_LIMIT }),
  after: z
    .string()
    .max(512)
    .transform((text) => Buffer.from(text, 'base64url').toString('utf8'))
    .refine((text) => /^[a-z][a-zA-Z]{0,31}\/[a-z0-9|-]{1,160}$/.test(text), 'is not a position of this list')
    .optional(),
})

export type ListPoliciesQuery = z.infer<typeof ListPoliciesQuery>
