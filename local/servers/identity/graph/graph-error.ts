import { randomUUID } from 'node:crypto'
import type { Fault } from '../../faults.ts'
import type { ServerAnswer } from '../../http-server.ts'

/** A refusal of Microsoft Graph (learn.microsoft.com/graph/errors). */
export class GraphError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, text: string) {
    super(text)
    this.name = 'GraphError'
    this.status = status
    this.code = code
  }
}

export function graphErrorAnswer({ status, code, message }: GraphError, now: number): ServerAnswer {
  const request = randomUUID()
  const date = new Date(now).toISOString().slice(0, 19)
  const headers = { 'request-id': request, 'client-request-id': request, 'cache-control': 'no-cache' }
  const innerError = { date, 'request-id': request, 'client-request-id': request }
  return { status, headers, json: { error: { code, message, innerError } } }
}

/** How Graph words what a test injects. */
export function graphFault({ kind, status = 500, retryAfterSeconds }: Fault): ServerAnswer {
  const error =
    kind === 'throttle'
      ? new GraphError(429, 'TooManyRequests', 'Too many requests.')
      : new GraphError(status, 'InternalServerError', 'Injected by a test.')
  const answer = graphErrorAnswer(error, Date.now())
  if (typeof answer === 'string') return answer
  const wait = retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }
  return { ...answer, headers: { ...answer.headers, ...wait } }
}

export const notFound = (id: string) =>
  new GraphError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  )

export const denied = () =>
  new GraphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')

export const badRequest = (text: string) => new GraphError(400, 'Request_BadRequest', text)
