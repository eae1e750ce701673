import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
import { readBounded } from '../bounded-body.ts'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'

export type HttpsCall = {
  method: string
  headers: Record<string, string>
  body?: string
  signal: AbortSignal
  agent?: Agent
}

export type HttpsAnswer = { status: number; header(name: string): string | undefined; body: string }

const MAX_BYTES = 1_048_576

/**
 * One request over TLS, for services without a client library of their own: one attempt, no redirect followed with a credential
 * in it (T40), a bound on what is read. Throws UpstreamFailure, and nothing of what was sent or answered.
 */
export async function callHttps(url: string, { body, headers, ...options }: HttpsCall): Promise<HttpsAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sent = {
    'accept-encoding': 'identity',
    accept: 'application/json',
    ...headers,
    ...(body !== undefined && { 'content-length': String(Buffer.byteLength(body)) }),
  }
  const call = request(url, { headers: sent, ...options })
  call.on('response', resolve)
  call.on('error', () => reject(new UpstreamFailure({})))
  call.end(body)
  const response = await promise
  try {
    const header = (name: string) => [response.headers[name]].flat()[0]
    const body = await readBounded(response, MAX_BYTES, () => new UpstreamFailure({}))
    return { status: response.statusCode ?? 0, header, body: body.toString('utf8') }
  } catch {
    throw new UpstreamFailure({})
  } finally {
    response.destroy()
  }
}
