import { randomUUID } from 'node:crypto'
import { app, type HttpRequest } from '@azure/functions'
import { loadConfig } from '../shared/config.ts'
import { createGateway } from '../shared/gateway.ts'
import type { Endpoint, GatewayRequest } from '../shared/http/endpoint.ts'
import { handle } from '../shared/http/handle.ts'
import { ENDPOINTS } from './endpoints.ts'
import { SCHEDULES, tick } from './schedules.ts'
import { toHost } from './to-host.ts'

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
