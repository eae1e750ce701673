import type { AuthLevel, FunctionIndex } from '../app/index-functions.ts'
import { describeFunction } from './admin-functions.ts'
import { describeHost, type HostFacts } from './admin-host.ts'
import type { Reply } from './reply.ts'

export type AdminRequest = {
  method: string
  /** Decoded path, starting with `/admin`. */
  path: string
  /** `http://host:port`, for links. */
  base: string
  level: AuthLevel
  contentType: string | undefined
  /** Reads the body, at most once. */
  body(): Promise<Uint8Array | undefined>
}

export type AdminDeps = {
  facts(): HostFacts
  index(): FunctionIndex
  /** Starts a run that nobody waits for. */
  run(name: string): void
}

type Handler = (request: AdminRequest, name: string) => Reply | Promise<Reply>

const EMPTY = (status: number): Reply => ({ status })
const NO_STORE = ['Cache-Control', 'no-store,no-cache', 'Pragma', 'no-cache']
const JSON_TYPE = /^(?:application|text)\/(?:json|[\w.-]+\+json)\s*(?:;|$)/i

/** The admin API that tools rely on: ping, status, functions, and running a function by hand. Key management is not offered. */
export function createAdmin({ facts, index, run }: AdminDeps): (request: AdminRequest) => Reply | Promise<Reply> {
  const find = (name: string) => {
    const { http, timers, failed } = index()
    return [...http, ...timers, ...failed].find((fn) => fn.name.toLowerCase() === name.toLowerCase())
  }

  const one: Handler = ({ base }, name) => {
    const fn = find(name)
    return fn ? json(describeFunction(fn, { base, facts: facts() })) : EMPTY(404)
  }

  const all: Handler = ({ base }) => {
    const { http, timers, failed } = index()
    return json([...http, ...timers, ...failed].map((fn) => describeFunction(fn, { base, facts: facts() })))
  }

  const status: Handler = (_request, name) => {
    const fn = find(name)
    if (!fn) return EMPTY(404)
    return json('error' in fn ? { errors: [fn.error] } : {})
  }

  const invoke: Handler = async (request, name) => {
    if (!JSON_TYPE.test(request.contentType ?? '')) return EMPTY(415)
    if (!hasTextInput(await request.body())) return EMPTY(400)
    const fn = find(name)
    if (!fn || 'error' in fn) return EMPTY(404)
    run(fn.name)
    return EMPTY(202)
  }

  const routes: [method: string, path: RegExp, handler: Handler][] = [
    ['GET', /^\/admin\/host\/status\/?$/i, () => json(describeHost(facts()))],
    ['GET', /^\/admin\/functions\/?$/i, all],
    ['GET', /^\/admin\/functions\/([^/]+)\/status\/?$/i, status],
    ['GET', /^\/admin\/functions\/([^/]+)\/?$/i, one],
    ['POST', /^\/admin\/functions\/([^/]+)\/?$/i, invoke],
  ]

  return (request) => {
    if (/^\/admin\/host\/ping\/?$/i.test(request.path) && /^(?:GET|POST)$/.test(request.method)) {
      return { status: 200, headers: NO_STORE }
    }
    for (const [method, pattern, handler] of routes) {
      const found = method === request.method ? pattern.exec(request.path) : null
      if (found) return refusal(request.level) ?? handler(request, found[1] ?? '')
    }
    return EMPTY(404)
  }
}

/** No key or a wrong one: 401; a key that is right but not the master key: 403. */
function refusal(level: AuthLevel): Reply | undefined {
  if (level === 'admin') return undefined
  return level === 'anonymous' ? { status: 401, headers: ['WWW-Authenticate', 'Bearer'] } : { status: 403 }
}

function hasTextInput(body: Uint8Array | undefined): boolean {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const input = (value as { input?: unknown }).input
    return input === null || typeof input !== 'object'
  } catch {
    return false
  }
}

function json(value: unknown): Reply {
  return { status: 200, headers: ['Content-Type', 'application/json; charset=utf-8'], body: JSON.stringify(value) }
}
