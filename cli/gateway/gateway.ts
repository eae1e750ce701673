import type { ParseArgsOptionsConfig } from 'node:util'
import { readEndpoints, stateFolder } from '../local-state.ts'
import { type Call, CliError, EXIT } from '../verb.ts'
import { tokenOfCaller, tokenOfChain, tokenOfFile } from './credential.ts'
import { refusalOf } from './refusal.ts'

/** Options of every verb that calls the gateway. */
export const GATEWAY_OPTIONS = {
  gateway: { type: 'string' },
  caller: { type: 'string' },
  'token-file': { type: 'string' },
  'app-scope': { type: 'string' },
  reason: { type: 'string' },
  ticket: { type: 'string' },
  purpose: { type: 'string' },
} as const satisfies ParseArgsOptionsConfig

/** The same, as the help prints them. */
export const GATEWAY_USAGE =
  '[--caller NAME | --token-file FILE] [--gateway URL [--app-scope SCOPE]] [--reason TEXT] [--ticket ID] [--purpose NAME]'

export type GatewayRequest = {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Path, each part escaped by the caller. */
  path: string
  query?: Readonly<Record<string, string | undefined>>
  json?: unknown
  headers?: Readonly<Record<string, string | undefined>>
}

/** Sends one request as the caller; gives the body of a 2xx. Throws CliError: refused, or unreachable. */
export type GatewayClient = (request: GatewayRequest) => Promise<{ json: Record<string, unknown>; status: number }>

const TIMEOUT_MS = 60_000

/**
 * The gateway as one caller: `--gateway URL` (or SALLYPORT_GATEWAY without `--state`) with the default Azure chain, anything
 * else the run of the state folder, as `--caller NAME`; `--token-file` in both. No request is sent yet. Throws CliError.
 */
export async function openGateway(call: Call): Promise<GatewayClient> {
  const { base, deployed } = gatewayOf(call)
  const token = await tokenFor(call, deployed)
  return (request) => send(call, { base, token }, request)
}

/** Where the gateway is; nothing is sent. Throws CliError. */
export function gatewayOf(call: Call): { base: string; deployed: boolean } {
  const { values, env } = call
  const local = values['state'] !== undefined || env['SALLYPORT_STATE'] !== undefined
  const url = (values['gateway'] ?? (local ? undefined : env['SALLYPORT_GATEWAY']))?.toString()
  return url === undefined
    ? { base: readEndpoints(stateFolder(call)).gateway, deployed: false }
    : { base: checkedUrl(url), deployed: true }
}

/** A token goes over TLS, or to this machine. */
function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const safe =
    url?.protocol === 'https:' || (url?.protocol === 'http:' && /^(127\.0\.0\.1|localhost)$/.test(url.hostname))
  if (!url || !safe || url.pathname !== '/' || url.username || url.search) {
    throw new CliError(EXIT.usage, '--gateway: https://<gateway host>')
  }
  return url.origin
}

async function tokenFor(call: Call, deployed: boolean): Promise<string> {
  const [file, caller] = [call.values['token-file'], call.values['caller']]
  if (file !== undefined && caller !== undefined) throw new CliError(EXIT.usage, 'either --caller or --token-file')
  if (file !== undefined) return tokenOfFile(call, String(file))
  if (deployed) {
    if (caller !== undefined) throw new CliError(EXIT.usage, '--caller: only in a local run')
    return tokenOfChain(call)
  }
  if (caller === undefined) {
    throw new CliError(
      EXIT.usage,
      '--caller NAME says as whom (billing-app, …; `npm start` lists them), or --token-file',
    )
  }
  const state = stateFolder(call)
  return tokenOfCaller(state, readEndpoints(state), String(caller))
}

async function send(call: Call, { base, token }: { base: string; token: string }, request: GatewayRequest) {
  const url = new URL(request.path, base)
  // `..` is a path of its own to a URL, escaped or not.
  if (url.pathname !== request.path) throw new CliError(EXIT.usage, 'an argument is no name')
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  const { json } = request
  const headers = {
    authorization: `Bearer ${token}`,
    ...(json !== undefined && { 'content-type': 'application/json' }),
    ...contextHeaders(call),
    ...request.headers,
  }
  const { answer, text } = await answered(url, {
    method: request.method ?? 'GET',
    headers: headersOf(headers),
    // The token is for this gateway alone (T40).
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  if (!answer.ok) throw refusalOf(answer, text)
  return { status: answer.status, json: readBody(text) }
}

async function answered(url: URL, init: RequestInit): Promise<{ answer: Response; text: string }> {
  try {
    const answer = await fetch(url, init)
    return { answer, text: await answer.text() }
  } catch {
    throw new CliError(EXIT.unreachable, `the gateway at ${url.origin} does not answer`)
  }
}

/** The text that an answer is about. Throws CliError where there is none. */
export function textIn(json: Record<string, unknown>, field: string): string {
  const text = json[field]
  if (typeof text !== 'string')
    throw new CliError(EXIT.unreachable, `the answer is not the gateway’s: no ${field} in it`)
  return text
}

/** 204 has no body; anything but an object is nobody's answer. */
function readBody(text: string): Record<string, unknown> {
  if (text === '') return {}
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>
  } catch {
    // Said below, without the text.
  }
  throw new CliError(EXIT.unreachable, 'the answer is not the gateway’s: it is no JSON')
}

/** Headers are Latin-1: what does not fit is told here, by the name of its option, not by an exception. */
function headersOf(headers: Record<string, string | undefined>): Headers {
  const sent = new Headers()
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue
    if (!/^[\x20-\x7e\xa0-\xff]+$/.test(value)) {
      throw new CliError(EXIT.usage, `--${name.replace(CONTEXT, '')}: printable Latin characters`)
    }
    sent.set(name, value)
  }
  return sent
}

const CONTEXT = 'x-sallyport-'

function contextHeaders({ values }: Call): Record<string, string | undefined> {
  return Object.fromEntries(
    ['reason', 'ticket', 'purpose'].map((name) => [`${CONTEXT}${name}`, values[name]?.toString()]),
  )
}
