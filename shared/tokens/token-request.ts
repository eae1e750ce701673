import { z } from 'zod'
import { Ttl } from '../policy/documents/obligations.ts'

/** Body of `POST /v1/tokens`. `ttl` is seconds or `90s`, `15m`, `1h`. */
export const TokenRequest = z.strictObject({
  target: z.string().min(1).max(512),
  scope: z.string().min(1).max(4_096).optional(),
  ttl: Ttl.optional(),
  path: z.string().min(1).max(1_024).optional(),
  reason: z.string().optional(),
})
