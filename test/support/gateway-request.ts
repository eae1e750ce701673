import type { GatewayRequest } from '../../shared/http/endpoint.ts'

type Parts = Partial<Pick<GatewayRequest, 'txn' | 'method' | 'path' | 'params'>> & {
  query?: string
  headers?: Record<string, string>
  body?: Uint8Array | string
}

/** A request as functions/index.ts makes it; a body brings its own Content-Length unless the headers say otherwise. */
export function gatewayRequest({ headers = {}, body = '', query = '', ...rest }: Parts = {}): GatewayRequest {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const sent = new Map(Object.entries({ 'content-length': String(bytes.byteLength), ...headers }))
  return {
    txn: 'txn-1',
    method: 'POST',
    path: '/',
    params: {},
    query: new URLSearchParams(query),
    header: (name) => sent.get(name) || undefined,
    body: async () => bytes,
    ...rest,
  }
}
