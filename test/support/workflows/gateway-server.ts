import { randomUUID } from 'node:crypto'
import { ENDPOINTS } from '../../../functions/endpoints.ts'
import { type RunningServer, type ServerAnswer, type ServerRequest, serve } from '../../../local/servers/http-server.ts'
import type { Gateway } from '../../../shared/gateway.ts'
import type { Endpoint } from '../../../shared/http/endpoint.ts'
import { handle } from '../../../shared/http/handle.ts'
import { gatewayRequest } from '../gateway-request.ts'
import { described } from '../openapi/described.ts'

/** What a workflow sent, as it came over the wire. */
export type Seen = Pick<ServerRequest, 'method' | 'body' | 'headers'> & { path: string; status: number }

export type GatewayServer = RunningServer & {
  url: string
  seen: Seen[]
  /**
   * Spoils the next answers: `before`, the gateway never hears of the request; `after`, it acts and its answer is lost on the way.
   */
  spoil(...faults: { status: number; when: 'before' | 'after'; retryAfter?: string }[]): void
  open(gateway: Gateway): void
}

const ROUTES = ENDPOINTS.map((endpoint) => ({
  endpoint,
  pattern: new RegExp(`^/${endpoint.route.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`),
}))

/** Which endpoint a path leads to, with its parameters. */
export function routeOf(path: string): { endpoint: Endpoint; params: Record<string, string> } | undefined {
  for (const { endpoint, pattern } of ROUTES) {
    const match = pattern.exec(path)
    if (match) return { endpoint, params: { ...match.groups } }
  }
  return undefined
}

/** A whole gateway in this process, reached over a socket; there first, so that the gateway can have its address as issuer. */
export async function gatewayServer(): Promise<GatewayServer> {
  const seen: Seen[] = []
  const faults: Parameters<GatewayServer['spoil']> = []
  let gateway: Gateway | undefined
  const server = await serve({
    port: 0,
    async handle(request) {
      const fault = faults.shift()
      const answer = fault?.when === 'before' ? undefined : await answered(request, gateway)
      const spoiled = fault && {
        status: fault.status,
        ...(fault.retryAfter !== undefined && { headers: { 'retry-after': fault.retryAfter } }),
      }
      const final = spoiled ?? answer ?? { status: 500 }
      const { method, body, headers, url } = request
      seen.push({ method, body, headers, path: url.pathname, status: final.status })
      return final
    },
  })
  return {
    ...server,
    url: `http://127.0.0.1:${server.port}`,
    seen,
    spoil: (...more) => void faults.push(...more),
    open: (opened) => {
      gateway = opened
    },
  }
}

type PlainAnswer = Exclude<ServerAnswer, string>

async function answered(request: ServerRequest, gateway: Gateway | undefined): Promise<PlainAnswer> {
  const { method, url, headers, body } = request
  const route = routeOf(url.pathname)
  if (!route || !gateway) return { status: 404 }
  const sent = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  const made = gatewayRequest({
    ...{ txn: randomUUID(), method, path: url.pathname, params: route.params, body },
    ...{ query: url.search, headers: sent },
  })
  const answer = described(route.endpoint, method, await handle(route.endpoint, made, gateway))
  const { status, json, text, headers: given = {} } = answer
  return { status, headers: given, ...(json !== undefined ? { json } : { text: text ?? '' }) }
}
