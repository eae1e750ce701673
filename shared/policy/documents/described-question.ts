import { z } from 'zod'
import { ACTION_NAMES } from '../actions.ts'
import { distinct, Guid, Instant, Name, PRINTABLE, text } from './primitives.ts'
import { exactlyOne } from './principals.ts'

const ClaimName = z.string().regex(/^[A-Za-z0-9_.:/-]{1,128}$/, 'must be 1 to 128 of letters, digits and _ . : / -')

const Simple = z.union([z.string().max(2_048), z.number(), z.boolean()])

const Claims = z.record(ClaimName, z.union([Simple, z.array(Simple).max(250)]))

const Entra = z.strictObject({
  tenant: Guid,
  objectId: Guid,
  /** The application, where it calls for itself. */
  appId: Guid.optional(),
  groups: z.union([z.literal('overage'), distinct(Guid, 250, 0)]).optional(),
  roles: distinct(text(120), 250, 0).optional(),
})

const Oidc = z.strictObject({ issuer: Name, subject: text(255) })

/** A caller as somebody describes it, with what its token would say: for probes, tests and explanations, never a credential. */
export const DescribedPrincipal = z
  .strictObject({ entra: Entra.optional(), oidc: Oidc.optional(), claims: Claims.optional() })
  .superRefine(exactlyOne(['entra', 'oidc']), { when: () => true })

export type DescribedPrincipal = z.infer<typeof DescribedPrincipal>

/** A resource that somebody asks about; it need not exist. */
export const AskedResource = z
  .string()
  .min(1)
  .max(512)
  .regex(PRINTABLE, 'must not hold control or invisible characters')
  .refine((resource) => !/[*?#\\]/.test(resource), 'must name one resource, without * ? # or a backslash')

/** What a request would bring along. `at` is the time to decide at, by default the present. */
export const DescribedContext = z.strictObject({
  clientAddress: text(64).optional(),
  purpose: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/, 'must be 1 to 64 of a-z, 0-9 and -')
    .optional(),
  reason: text(256).optional(),
  ticket: z
    .string()
    .regex(/^[A-Za-z0-9._#/-]{1,128}$/, 'must be 1 to 128 of letters, digits and . _ # / -')
    .optional(),
  at: Instant.optional(),
})

export type DescribedContext = z.infer<typeof DescribedContext>

export const DescribedQuestion = z.strictObject({
  principal: DescribedPrincipal,
  action: z.enum(ACTION_NAMES),
  resource: AskedResource,
  context: DescribedContext.optional(),
})

export type DescribedQuestion = z.infer<typeof DescribedQuestion>
