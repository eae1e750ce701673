import { z } from 'zod'
import { HttpsUrl } from '../primitives.ts'

/** Signed calls to a Logic App or any other HTTPS endpoint, whose host SALLYPORT_CALLBACK_HOSTS must allow. */
export const WebhookSettings = z.strictObject({
  /** Without a query: what must stay secret in the URL comes from `credential`. */
  url: HttpsUrl,
  /** Whether the endpoint makes the new value (it answers `set` with it) or the gateway does. */
  valueFrom: z.enum(['gateway', 'endpoint']).default('gateway'),
})

export type WebhookSettings = z.infer<typeof WebhookSettings>
