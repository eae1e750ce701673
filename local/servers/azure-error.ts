import type { Fault } from './faults.ts'
import type { ServerAnswer } from './http-server.ts'

/** A refusal as Microsoft Graph and Azure Resource Manager word theirs: `{ error: { code, message } }`. */
export class AzureError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, text: string) {
    super(text)
    this.name = 'AzureError'
    this.status = status
    this.code = code
  }
}

/** The answer with the waiting time that a test's fault names. */
export function withRetryAfter(answer: ServerAnswer, { retryAfterSeconds }: Fault): ServerAnswer {
  if (typeof answer === 'string' || !retryAfterSeconds) return answer
  return { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfterSeconds) } }
}
