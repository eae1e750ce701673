import { z } from 'zod'
import { distinct, Name, text } from '../primitives.ts'

/** A token of ours for one of these would let its holder in elsewhere as the gateway, or be taken for a federation assertion. */
const RESERVED_AUDIENCES = [
  'api://azureadtokenexchange',
  'api://azureadtokenexchangechina',
  'api://azureadtokenexchangeusgov',
  'sts.amazonaws.com',
]

/** Providers of workload identity pools have these names: kind `google` is for them. */
const GOOGLE_AUDIENCE = /^(?:https:)?\/\/iam\.googleapis\.com\//i

const Scope = z
  .string()
  .max(128)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'must be a scope token of RFC 6749: printable ASCII without space, " and \\')

/** A gateway-signed `at+jwt` (RFC 9068) for one internal API. */
export const JwtToken = z.strictObject({
  kind: z.literal('jwt'),
  audience: text(256).refine(
    (audience) => !RESERVED_AUDIENCES.includes(audience.toLowerCase()) && !GOOGLE_AUDIENCE.test(audience),
    'is reserved for federation: use a target of that kind',
  ),
  scopes: distinct(Scope, 100, 0),
  algorithm: z.enum(['ES256', 'RS256']).default('ES256'),
  maxTtlSeconds: z.int().min(1).max(3_600).default(3_600),
  /** Targets for which a token of this one may be exchanged (RFC 8693); without it, none (T6). */
  exchangeableFor: distinct(Name, 20).optional(),
})
