import { randomUUID } from 'node:crypto'
import { app, type HttpRequest, HttpResponse, type HttpResponseInit } from '@azure/functions'
import { loadConfig } from '../shared/config.ts'
import { createGateway } from '../shared/gateway.ts'
import type { Endpoint, GatewayRequest, GatewayResponse } from '../shared/http/endpoint.ts'
import { handle } from '../shared/http/handle.ts'
import { ENDPOINTS } from './endpoints.ts'
import { SCHEDULES, tick } from './schedules.ts'

/**
 * Everything a request can have, so that a wrong method reaches our 405 instead of the host's empty 404. TRACE and CONNECT
 * are left to that 404: the library's Request refuses them with an exception, which would be a 500.
 */
const EVERY_METHOD = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

const gateway = createGateway(loadConfig(process.env))

for (const endpoint of ENDPOINTS) {
  app.http(endpoint.name, {
    route: endpoint.route,
    methods: [...EVERY_METHOD],
    authLevel: 'anonymous',
    handler: async (request) => toHost(await handle(endpoint, fromHost(request, endpoint), gateway)),
  })
}

for (const schedule of SCHEDULES) {
  app.timer(schedule.name, { schedule: schedule.cron(gateway.config), handler: () => tick(schedule, gateway) })
}

app.hook.appTerminate(() => gateway.close())

/** The library's request is no instance of the global Request: it is read once, here. */
function fromHost(request: HttpRequest, endpoint: Endpoint): GatewayRequest {
  const { path, query } = splitUrl(request.url)
  let body: Promise<Uint8Array> | undefined
  return {
    txn: randomUUID(),
    method: request.method,
    path,
    params: endpoint.route.includes('{') ? request.params : {},
    query,
    header: (name) => request.headers.get(name) ?? undefined,
    body: () => (body ??= request.arrayBuffer().then((bytes) => new Uint8Array(bytes))),
  }
}

/** Raw and as the library normalised it. Parsing is left out where there is nothing behind the path: most requests. */
function splitUrl(text: string): { path: string; query: URLSearchParams } {
  if (!/[?#]/.test(text))
    return { path: text.slice(text.indexOf('/', text.indexOf('//') + 2)), query: new URLSearchParams() }
  const url = new URL(text)
  return { path: url.pathname, query: url.searchParams }
}

function toHost({ status, headers = {}, json, text }: GatewayResponse): HttpResponseInit | HttpResponse {
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
