import type { z } from 'zod'
import { GatewayError } from '../errors.ts'

/**
 * What a token from upstream says of itself: for its true end and reach. Its signature is the business of who it is for.
 * Throws `upstream_unavailable` when it says nothing of the kind.
 */
export function upstreamClaims<T>(token: string, schema: z.ZodType<T>): T {
  try {
    return schema.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')))
  } catch {
    throw new GatewayError('upstream_unavailable', 'upstream_garbage', { retryAfterSeconds: 5 })
  }
}
