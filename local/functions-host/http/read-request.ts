import type { IncomingMessage } from 'node:http'
import type { RpcHttpRequest } from '../app/core-types.ts'
import { parseQuery } from './query.ts'
import type { RequestTarget } from './request-target.ts'

/** Header names in lower case, repeated ones joined with a comma (Node's own `headers` drops or joins them otherwise). */
export function readHeaders(rawHeaders: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = (rawHeaders[index] as string).toLowerCase()
    const value = rawHeaders[index + 1] as string
    const known = headers[name]
    headers[name] = known === undefined ? value : `${known},${value}`
  }
  return headers
}

/**
 * The body, read only when a Content-Length above 0 announces it: a chunked one is dropped, as the real host does.
 * Rejects when the client goes away.
 */
export function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> | undefined {
  const length = Number(request.headers['content-length'] ?? 0)
  if (request.headers['transfer-encoding'] !== undefined || !(length > 0)) {
    request.resume()
    return undefined
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    request.on('error', reject)
    request.on('close', () => {
      if (!request.complete) reject(new Error('the client closed the connection'))
    })
  })
}

type Parts = {
  method: string
  target: RequestTarget
  headers: Record<string, string>
  params: Record<string, string>
  body: Uint8Array | undefined
}

/** The request in the worker's form; the library makes its HttpRequest of it. */
export function toRpcRequest({ method, target, headers, params, body }: Parts): RpcHttpRequest {
  const request: RpcHttpRequest = {
    url: `http://${headers['host'] ?? ''}${target.encodedPath}${target.query}`,
    method,
    headers,
    params,
    query: parseQuery(target.query),
  }
  if (body) request.body = { bytes: body }
  return request
}
