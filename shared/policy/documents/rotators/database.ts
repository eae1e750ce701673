import { z } from 'zod'
import { distinct } from '../primitives.ts'

/** PostgreSQL cuts identifiers at 63 bytes; these need no quotes and mean the same with them. */
const Identifier = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be 1 to 63 of a-z, 0-9 and _, not beginning with a digit')

const HOST = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/**
 * Two login roles of PostgreSQL, both members of the role that owns what they use, in turn: PostgreSQL keeps one password a
 * role, so the one that nobody uses gets the new password.
 */
export const DatabaseSettings = z.strictObject({
  host: z.string().regex(HOST, 'must be a host name in lower case'),
  port: z.int().min(1).max(65_535).default(5_432),
  database: Identifier,
  logins: distinct(Identifier, 2, 2),
  owner: Identifier,
  /** `off` is for a server on this machine alone. */
  tls: z.enum(['verify', 'off']).default('verify'),
  /** How the administrator logs in: a secret of the gateway vault (`credential`), or the gateway's own Entra identity. */
  admin: z.enum(['credential', 'entra']).default('credential'),
  /** Name of the Entra administrator's role, with `"admin": "entra"`. */
  adminRole: z.string().min(1).max(63).optional(),
})

export type DatabaseSettings = z.infer<typeof DatabaseSettings>
