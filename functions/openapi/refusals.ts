import { z } from 'zod'
import { ERRORS, type ErrorCode } from '../../shared/errors.ts'
import { answer, time } from './schemas.ts'

/** RFC 9457: every refusal of a native route. */
export const Problem = answer(
  'Problem',
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int().describe('The HTTP status once more.'),
    detail: z.string(),
    instance: z.string().describe('Transaction of the request.'),
    code: z.enum(Object.keys(ERRORS) as [ErrorCode]),
    errors: z
      .array(z.strictObject({ pointer: z.string(), detail: z.string() }))
      .optional()
      .describe('422, and changes of policies: one entry for each fault.'),
    sha256: z.string().optional().describe('Names the proposed change that waits for an approval.'),
    expires: time().optional().describe('When the proposed change ends, RFC 3339.'),
  }),
)

/** RFC 6749 §5.2: every refusal of an OAuth route. */
export const OAuthError = answer('OAuthError', z.strictObject({ error: z.string(), error_description: z.string() }))
