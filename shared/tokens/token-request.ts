import { z } from 'zod'
import { readDuration } from '../policy/documents/obligations.ts'

const MAX_TTL_SECONDS = 86_400

const Ttl = z.union([
  z.int().min(1).max(MAX_TTL_SECONDS),
  z.string().transform((text, context) => {
    const seconds = readDuration(text)
    if (seconds === undefined) context.addIssue({ code: 'custom', message: 'must be seconds, or a lifetime like 15m' })
    return seconds ?? z.NEVER
  }),
])

/** Body of `POST /v1/tokens`. `ttl` is seconds or `90s`, `15m`, `1h`. */
export const TokenRequest = z.strictObject({
  target: z.string().min(1).max(512),
  scope: z.string().min(1).max(4_096).optional(),
  ttl: Ttl.optional(),
  path: z.string().min(1).max(1_024).optional(),
  reason: z.string().optional(),
})
