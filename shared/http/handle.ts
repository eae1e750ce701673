import { GatewayError } from '../errors.ts'
import type { Gateway } from '../gateway.ts'
import type { Endpoint, GatewayRequest, GatewayResponse, Method } from './endpoint.ts'
import { renderError } from './render-error.ts'

/**
 * Runs one request of an endpoint to an answer; never throws. A wrong method is our 405 (the host alone would say 404),
 * anything unexpected is a 500 that says nothing. Every answer carries the transaction id and, unless the operation says
 * otherwise, `Cache-Control: no-store`; where a rate or quota of the caller's permits applied, the RateLimit fields.
 */
export async function handle(endpoint: Endpoint, request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  const answer = await run(endpoint, request, gateway)
  return {
    ...answer,
    headers: {
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...answer.headers,
      ...gateway.limitFields(request.txn),
      'X-Sallyport-Txn': request.txn,
    },
  }
}

async function run(endpoint: Endpoint, request: GatewayRequest, gateway: Gateway): Promise<GatewayResponse> {
  try {
    const { methods } = endpoint
    const operation = Object.hasOwn(methods, request.method) ? methods[request.method as Method] : undefined
    if (!operation) throw methodNotAllowed(endpoint)
    return await operation(request, gateway)
  } catch (thrown) {
    const error = thrown instanceof GatewayError ? thrown : unexpected(thrown)
    gateway.log({
      level: error.code === 'internal' ? 'error' : 'info',
      event: 'refused',
      txn: request.txn,
      endpoint: endpoint.name,
      code: error.code,
      reason: error.reason,
      ...(error.code === 'internal' && { frames: frames(thrown) }),
    })
    return renderError(error, { dialect: endpoint.dialect, txn: request.txn, frontDoor: gateway.config.frontDoor })
  }
}

function methodNotAllowed(endpoint: Endpoint): GatewayError {
  const allowed = Object.keys(endpoint.methods).join(', ')
  return new GatewayError('method_not_allowed', 'method', { headers: { Allow: allowed } })
}

/** Only the kind of an unexpected error is kept: its text may hold values or claims (T18). */
function unexpected(thrown: unknown): GatewayError {
  const kind = thrown instanceof Error ? thrown.name : typeof thrown
  return new GatewayError('internal', `unexpected_${kind.replaceAll(/[^A-Za-z]/g, '')}`)
}

/** Where it happened, without the message above the frames. */
function frames(thrown: unknown): string[] {
  const lines = thrown instanceof Error ? (thrown.stack ?? '').split('\n') : []
  return lines
    .map((line) => line.trim())
    .filter((line) => line.startsWith('at '))
    .slice(0, 8)
}
