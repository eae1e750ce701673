import { randomUUID } from 'node:crypto'
import { AzureError, withRetryAfter } from '../../azure-error.ts'
import type { Fault } from '../../faults.ts'
import type { ServerAnswer } from '../../http-server.ts'

export const armErrorAnswer = ({ status, code, message }: AzureError): ServerAnswer => ({
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
export function armFault(fault: Fault): ServerAnswer {
  const { kind, status = 500 } = fault
  const error =
    kind === 'throttle'
      ? new AzureError(
          429,
          'TooManyRequests',
          'The request is being throttled as the limit has been reached for operation.',
        )
      : status === 409
        ? new AzureError(
            409,
            'StorageAccountOperationInProgress',
            'An operation is currently performing on this storage account.',
          )
        : new AzureError(status, 'InternalServerError', 'Injected by a test.')
  return withRetryAfter(armErrorAnswer(error), fault)
}
