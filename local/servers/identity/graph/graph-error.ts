import { randomUUID } from 'node:crypto'
import { AzureError, withRetryAfter } from '../../azure-error.ts'
import type { Fault } from '../../faults.ts'
import type { ServerAnswer } from '../../http-server.ts'

export function graphErrorAnswer({ status, code, message }: AzureError, now: number): ServerAnswer {
  const request = randomUUID()
  const date = new Date(now).toISOString().slice(0, 19)
  const headers = { 'request-id': request, 'client-request-id': request, 'cache-control': 'no-cache' }
  const innerError = { date, 'request-id': request, 'client-request-id': request }
  return { status, headers, json: { error: { code, message, innerError } } }
}

/** How Graph words what a test injects. */
export function graphFault(fault: Fault): ServerAnswer {
  const { kind, status = 500 } = fault
  const error =
    kind === 'throttle'
      ? new AzureError(429, 'TooManyRequests', 'Too many requests.')
      : new AzureError(status, 'InternalServerError', 'Injected by a test.')
  return withRetryAfter(graphErrorAnswer(error, Date.now()), fault)
}

export const notFound = (id: string) =>
  new AzureError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  )

export const denied = () =>
  new AzureError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')

export const badRequest = (text: string) => new AzureError(400, 'Request_BadRequest', text)
