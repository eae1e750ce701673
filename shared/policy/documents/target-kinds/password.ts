import { z } from 'zod'
import { Guid, Name } from '../primitives.ts'
import { EntraResource } from './entra.ts'

/**
 * Legacy: an Entra token by username and password, where a service takes nothing else. Secret `ext-<credential>` of the
 * gateway vault holds `{"username":"…","password":"…"}`.
 */
export const PasswordToken = z.strictObject({
  kind: z.literal('password'),
  tenant: Guid,
  clientId: Guid,
  credential: Name,
  resource: EntraResource,
})

export type PasswordToken = z.infer<typeof PasswordToken>
