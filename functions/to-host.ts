import { HttpResponse, type HttpResponseInit } from '@azure/functions'
import type { GatewayResponse } from '../shared/http/endpoint.ts'

/** An answer as the library takes it from a function. */
export function toHost({ status, headers = {}, json, text }: GatewayResponse): HttpResponseInit | HttpResponse {
  if (json === undefined) return { status, headers, ...(text !== undefined && { body: text }) }
  const all = { 'Content-Type': 'application/json', ...headers }
  const body = JSON.stringify(json)
  // Anything else in a header is left to the library, which refuses it.
  const plain = Object.values(all).every((value) => PRINTABLE.test(value))
  return plain ? new ReadyResponse({ status, headers: all, body }) : { status, headers: all, body }
}

const PRINTABLE = /^[ -~]*$/

/**
 * What the library would make of status, headers and body, without the `Response` that it makes of them and takes apart again
 * (17 µs of a request: docs/performance.md). Of an answer that is not streamed it reads these and the two that are inherited.
 */
class ReadyResponse extends HttpResponse {
  override readonly status: number
  override readonly headers: HttpResponse['headers']
  override readonly arrayBuffer: () => Promise<ArrayBuffer>

  constructor({ status, headers, body }: { status: number; headers: Record<string, string>; body: string }) {
    super(NOTHING)
    this.status = status
    const lowerCase = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
    this.headers = new Map(lowerCase) as unknown as HttpResponse['headers']
    this.arrayBuffer = async () => new TextEncoder().encode(body).buffer
  }
}

const NOTHING = {}
