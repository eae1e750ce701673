import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { readBounded } from '../bounded-body.ts'
import { parseStrictJson } from '../strict-json.ts'

/** GETs one JSON document within a byte and a time limit; rejects with FetchFault and nothing else. */
export type FetchJson = (url: string, limits: { maxBytes: number; timeoutMs: number }) => Promise<unknown>

type FaultReason =
  | 'bad_url'
  | 'unreachable'
  | 'timeout'
  | 'redirect'
  | 'status'
  | 'encoded'
  | 'not_json'
  | 'too_large'
  | 'truncated'

/** Why a document could not be had; holds nothing of what was sent or received. */
export class FetchFault extends Error {
  readonly reason: FaultReason
  readonly status: number | undefined

  constructor(reason: FaultReason, status?: number) {
    super(`fetch: ${reason}`)
    this.name = 'FetchFault'
    this.reason = reason
    this.status = status
  }
}

type Target = { url: URL; agent: Agent | undefined; maxBytes: number }

/**
 * Over TLS only, with the certificate checked; a redirect is an error, never followed (T40); no compression, so that
 * `maxBytes` bounds memory too (T31); one limit of time over everything, so a dripping server gains nothing.
 */
export function createFetchJson(agent?: Agent): FetchJson {
  return async (address, { maxBytes, timeoutMs }) => {
    const url = httpsUrl(address)
    const abort = new AbortController()
    const timer = setTimeout(() => abort.abort(), timeoutMs)
    try {
      return parseJson(await getBody({ url, agent, maxBytes }, abort.signal))
    } catch (error) {
      if (abort.signal.aborted) throw new FetchFault('timeout')
      throw error instanceof FetchFault ? error : new FetchFault('unreachable')
    } finally {
      clearTimeout(timer)
    }
  }
}

function httpsUrl(address: string): URL {
  const url = URL.parse(address)
  if (url?.protocol !== 'https:' || url.username || url.password) throw new FetchFault('bad_url')
  return url
}

/** A kept-alive socket that the server closed meanwhile fails at once and says nothing about the server: one retry. */
async function getBody(target: Target, signal: AbortSignal): Promise<Buffer> {
  const first = await get(target, signal)
  const response = first === 'stale_socket' ? await get(target, signal) : first
  if (response === 'stale_socket') throw new FetchFault('unreachable')
  try {
    checkHead(response, target.maxBytes)
    return await readBounded(response, target.maxBytes, (why) => new FetchFault(why))
  } finally {
    response.destroy()
  }
}

function get({ url, agent }: Target, signal: AbortSignal): Promise<IncomingMessage | 'stale_socket'> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage | 'stale_socket'>()
  const headers = { accept: 'application/json, application/jwk-set+json', 'accept-encoding': 'identity' }
  const call = request(url, { method: 'GET', headers, signal, ...(agent && { agent }) })
  call.on('response', resolve)
  call.on('error', () =>
    call.reusedSocket && !signal.aborted ? resolve('stale_socket') : reject(new FetchFault('unreachable')),
  )
  call.end()
  return promise
}

const JSON_TYPE = /^application\/(?:[a-z0-9.-]+\+)?json(?:\s*;|$)/i

function checkHead({ statusCode = 0, headers }: IncomingMessage, maxBytes: number): void {
  if (statusCode >= 300 && statusCode < 400) throw new FetchFault('redirect', statusCode)
  if (statusCode !== 200) throw new FetchFault('status', statusCode)
  if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity') throw new FetchFault('encoded')
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) throw new FetchFault('not_json')
  if (Number(headers['content-length'] ?? 0) > maxBytes) throw new FetchFault('too_large')
}

function parseJson(body: Buffer): unknown {
  try {
    return parseStrictJson(new TextDecoder('utf-8', { fatal: true }).decode(body))
  } catch {
    throw new FetchFault('not_json')
  }
}
