import { randomUUID } from 'node:crypto'
import type { Fault } from '../../faults.ts'
import type { ServerAnswer } from '../../http-server.ts'

/** A refusal of Azure Resource Manager: `{ error: { code, message } }`. */
export class ArmError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, text: string) {
    super(text)
    this.name = 'ArmError'
    this.status = status
    this.code = code
  }
}

export const armErrorAnswer = ({ status, code, message }: ArmError): ServerAnswer => ({
  status,
  headers: {
    'x-ms-failure-cause': 'gateway',
    'x-ms-request-id': randomUUID(),
    'cache-control': 'no-cache',
    ...(status === 401 && {
      'www-authenticate': `Bearer authorization_uri="https://login.microsoftonline.com/", error="invalid_token"`,
    }),
  },
  json: { error: { code, message } },
})

/** How ARM words what a test injects: `fail` with status 409 is another operation on the account that is not over. */
export function armFault({ kind, status = 500, retryAfterSeconds }: Fault): ServerAnswer {
  const error =
    kind === 'throttle'
      ? new ArmError(
          429,
          'TooManyRequests',
          'The request is being throttled as the limit has been reached for operation.',
        )
      : status === 409
        ? new ArmError(
            409,
            'StorageAccountOperationInProgress',
            'An operation is currently performing on this storage account.',
          )
        : new ArmError(status, 'InternalServerError', 'Injected by a test.')
  const answer = armErrorAnswer(error)
  if (typeof answer === 'string') return answer
  const wait = retryAfterSeconds && { 'retry-after': String(retryAfterSeconds) }
  return { ...answer, headers: { ...answer.headers, ...wait } }
}
