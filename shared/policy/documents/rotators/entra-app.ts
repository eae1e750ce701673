import { z } from 'zod'
import { period } from '../period.ts'
import { Guid, HttpsUrl } from '../primitives.ts'

/** A client secret of an app registration: added beside the old one through Graph, removed when everybody has the new one. */
export const EntraAppSettings = z.strictObject({
  tenant: Guid,
  /** Object id of the application (not of its service principal). */
  application: Guid,
  /** Its client id, with which a new secret is tried. */
  clientId: Guid,
  /** Resource that a new secret is tried on: any that the application may get a token for. The cloud's Graph when absent. */
  tryOn: HttpsUrl.optional(),
  /** How long Entra itself lets a new secret live. */
  lifetime: period(3_600, 732 * 86_400).default('180d'),
})

export type EntraAppSettings = z.infer<typeof EntraAppSettings>
