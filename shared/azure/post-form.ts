import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { statusFailure } from './failure.ts'

const MAX_BYTES = 65_536

export type PostForm = (url: string, form: Record<string, string>, signal: AbortSignal) => Promise<unknown>

/**
 * POSTs a form to a token service that has no client library and gives its JSON. Over TLS, one attempt, no redirect
 * followed with the credential in the body (T40), a bound on what is read; throws UpstreamFailure and nothing of the answer.
 */
export function createPostForm(agent?: Agent): PostForm {
  return async (url, form, signal) => {
    const response = await post(url, { body: new URLSearchParams(form).toString(), signal, ...(agent && { agent }) })
    try {
      const body = await readBody(response)
      const status = response.statusCode ?? 0
      if (status === 200) return parse(body)
      const headers = { get: (name: string) => [response.headers[name]].flat()[0] }
      throw new UpstreamFailure({ ...statusFailure({ status, headers }), error: oauthError(body) })
    } finally {
      response.destroy()
    }
  }
}

type Call = { body: string; signal: AbortSignal; agent?: Agent }

function post(url: string, { body, ...options }: Call): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
    'accept-encoding': 'identity',
    accept: 'application/json',
  }
  const call = request(url, { method: 'POST', headers, ...options })
  call.on('response', resolve)
  call.on('error', () => reject(new UpstreamFailure({})))
  call.end(body)
  return promise
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_BYTES) break
      chunks.push(chunk)
    }
  } catch {
    throw new UpstreamFailure({})
  }
  if (length > MAX_BYTES || !response.complete) throw new UpstreamFailure({})
  return Buffer.concat(chunks).toString('utf8')
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new UpstreamFailure({})
  }
}

function oauthError(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: unknown }
    return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : undefined
  } catch {
    return undefined
  }
}
