import { z } from 'zod'
import { GatewayError } from '../errors.ts'
import { limit } from '../secrets/pages.ts'

/** What `Retry-After` tells pollers of a run: a timer moves it once a minute at least. */
export const POLL_SECONDS = 5

export const ROTATION_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/
export const RUN_ID = /^[0-9a-f]{32}$/

/** The name of a rotation in a path. Throws `invalid_request`. */
export function rotationName(text: string | undefined): string {
  if (text === undefined || !ROTATION_NAME.test(text))
    throw malformed('rotation_name', 'the name is not one of a rotation')
  return text
}

/** The id of a run in a path. Throws `invalid_request`. */
export function runId(text: string | undefined): string {
  if (text === undefined || !RUN_ID.test(text)) throw malformed('run_id', 'the id is not one of a run')
  return text
}

export const StepBody = z.strictObject({
  step: z.enum(['set', 'verify', 'finish', 'retire', 'resume', 'abort']),
  reason: z.string().max(256).optional(),
})

/** The position in the list is the name that was seen last. */
export const ListRotationsQuery = z.strictObject({
  limit,
  after: z
    .string()
    .max(128)
    .transform((text) => Buffer.from(text, 'base64url').toString('utf8'))
    .refine((text) => ROTATION_NAME.test(text), 'is not a position of this list')
    .optional(),
})

const malformed = (reason: string, detail: string) => new GatewayError('invalid_request', reason, { detail })
