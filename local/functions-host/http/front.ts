import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RpcData } from '../app/core-types.ts'
import type { FunctionIndex, HttpFunction } from '../app/index-functions.ts'
import { isTrue } from '../config/environment.ts'
import type { Router } from '../routing/router.ts'
import type { AdminRequest } from './admin.ts'
import type { Cors } from './cors.ts'
import { throughFrontEnd } from './front-end.ts'
import { HOME_PAGE } from './home-page.ts'
import { type Keys, opens, requestKey } from './keys.ts'
import { readBody, readHeaders, toRpcRequest } from './read-request.ts'
import { type Reply, send, toReply } from './reply.ts'
import { parseTarget, type RequestTarget } from './request-target.ts'
import type { Throttle } from './throttle.ts'
import { wireFault } from './wire.ts'

export type FrontDeps = {
  route: Router<HttpFunction>
  index: FunctionIndex
  keys: Keys
  admin(request: AdminRequest): Reply | Promise<Reply>
  throttle: Throttle | undefined
  cors: Cors | undefined
  customHeaders: readonly (readonly [string, string])[]
  maxBodyBytes: number
  /** Emulates the platform's front end. */
  frontEnd: boolean
  env: Readonly<Record<string, string | undefined>>
  /** Runs a function within its time limit; rejects when it failed. Logs by itself. */
  invoke(fn: HttpFunction, input: RpcData): Promise<RpcData | null | undefined>
  stopping(): boolean
}

export type Front = (request: IncomingMessage, response: ServerResponse) => Promise<void>

type Exchange = { request: IncomingMessage; method: string; target: RequestTarget }

const NOT_FOUND: Reply = { status: 404 }
const FAILED: Reply = { status: 500 }

/** Answers HTTP as the host does: wire checks, CORS, admin API, throttle, home page, route, key, function. Errors have empty bodies. */
export function createFront(deps: FrontDeps): Front {
  return async (request, response) => {
    const method = request.method ?? 'GET'
    const answer = createAnswer(deps, request, response)
    const fault = wireFault(request)
    if (fault) return answer({ status: fault }, fault !== 500)
    const target = parseTarget(request.url ?? '/', request.headers.host)
    if (typeof target === 'number') return answer({ status: target }, true)
    const preflight = deps.cors?.preflight(method, request.headers)
    if (preflight) return answer({ status: 204, headers: preflight })

    const exchange = { request, method, target }
    if (/^\/admin(?:\/|$)/i.test(target.path)) return answer(await administer(exchange, deps))

    const slot = deps.throttle?.enter()
    if (slot === 'full') return answer({ status: 429, headers: ['X-FUNCTION-SCALEOUT', '1'] }, true)
    await slot
    try {
      answer(await serve(exchange, deps))
    } finally {
      deps.throttle?.leave()
    }
  }
}

/** `bare` answers come from before the host: they have none of its headers. */
function createAnswer(deps: FrontDeps, request: IncomingMessage, response: ServerResponse) {
  return (reply: Reply, bare = false): void => {
    const allowed = deps.cors?.headersFor(request.headers.origin) ?? []
    const ownHeaders = allowed.length > 0 ? [...deps.customHeaders, ...allowed] : deps.customHeaders
    const options = {
      customHeaders: bare ? [] : ownHeaders,
      head: request.method === 'HEAD',
      close: deps.stopping() || (bare && reply.status !== 429),
    }
    try {
      send(response, reply, options)
    } catch (error) {
      // A header of the function's that HTTP cannot carry. Nothing was written yet.
      if (response.headersSent) throw error
      send(response, FAILED, options)
    }
  }
}

async function serve(exchange: Exchange, deps: FrontDeps): Promise<Reply> {
  const { request, method, target } = exchange
  if (target.path === '/') return homePage(deps)
  if (deps.index.hostErrors.length > 0) return { status: 503, body: 'Function host is not running.' }
  const matched = deps.route(method, target.path)
  if (!matched) return NOT_FOUND
  const { target: fn, values } = matched
  if (fn.disabled || fn.authLevel !== 'anonymous') {
    const level = deps.keys.levelOf(requestKey(request.rawHeaders, target.query), fn.name)
    if (fn.disabled && level !== 'admin') return NOT_FOUND
    if (!opens(level, fn.authLevel)) return { status: 401 }
  }
  if (Number(request.headers['content-length'] ?? 0) > deps.maxBodyBytes) return FAILED
  const headers = readHeaders(request.rawHeaders)
  if (deps.frontEnd) throughFrontEnd(headers, request.socket)
  try {
    const body = await readBody(request)
    const input = toRpcRequest({ method, target, headers, params: values, body })
    return toReply(await deps.invoke(fn, { http: input })) ?? FAILED
  } catch {
    return FAILED
  }
}

function homePage({ env }: FrontDeps): Reply {
  if (isTrue(env['AzureWebJobsDisableHomepage'])) return { status: 204 }
  return { status: 200, headers: ['Content-Type', 'text/html'], body: HOME_PAGE }
}

async function administer({ request, method, target }: Exchange, deps: FrontDeps): Promise<Reply> {
  if (!deps.keys.enforced && isForeign(request)) return { status: 401, headers: ['WWW-Authenticate', 'Bearer'] }
  return deps.admin({
    method,
    path: target.path,
    base: `http://${request.headers.host}`,
    level: deps.keys.levelOf(requestKey(request.rawHeaders, target.query)),
    contentType: request.headers['content-type'],
    body: async () => readBody(request),
  })
}

/** While no key is needed, a page in a browser (another origin, or a name that was rebound) must not reach the admin API. */
function isForeign({ headers }: IncomingMessage): boolean {
  const name = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase()
  return headers.origin !== undefined || !['127.0.0.1', 'localhost', '[::1]'].includes(name)
}
