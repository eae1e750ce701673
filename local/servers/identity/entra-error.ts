import { randomUUID } from 'node:crypto'
import type { ServerAnswer } from '../http-server.ts'

/** A refusal of the token endpoint, as Entra words it. */
export class EntraError extends Error {
  readonly status: number
  readonly error: string
  readonly code: number

  constructor(status: number, error: string, code: number, text: string) {
    super(text)
    this.name = 'EntraError'
    this.status = status
    this.error = error
    this.code = code
  }
}

/** Body and headers of an AADSTS error (learn.microsoft.com/entra/identity-platform/reference-error-codes). */
export function entraErrorAnswer(fault: EntraError, correlationId: string | undefined, now: number): ServerAnswer {
  const trace = randomUUID()
  const correlation = correlationId ?? randomUUID()
  const timestamp = new Date(now)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z')
  const suffix = `Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`
  return {
    status: fault.status,
    headers: { 'cache-control': 'no-store, no-cache', pragma: 'no-cache', 'x-ms-request-id': trace },
    json: {
      error: fault.error,
      error_description: `AADSTS${fault.code}: ${fault.message} ${suffix}`,
      error_codes: [fault.code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${fault.code}`,
    },
  }
}
