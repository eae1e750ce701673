import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import type { GatewayRequest } from './endpoint.ts'
import { zodDetail } from './zod-detail.ts'

/** Query of everything that takes none: a wish that stands there must not be ignored (`?ttl=5m` would be a longer token). */
export const NoQuery = z.strictObject({})

/** Reads the query by a strict schema of strings; a parameter sent twice or not known is `invalid_request`. */
export function readQuery<T>(request: GatewayRequest, schema: z.ZodType<T>): T {
  const values: Record<string, string> = Object.create(null)
  for (const [name, value] of request.query) {
    if (name in values) throw refused('query_duplicate', 'the query names a parameter twice')
    values[name] = value
  }
  const parsed = schema.safeParse({ ...values })
  if (!parsed.success) throw refused('query_schema', zodDetail(parsed.error))
  return parsed.data
}

const refused = (reason: string, detail: string) => new GatewayError('invalid_request', reason, { detail })
