import type { IncomingMessage } from 'node:http'
import { type Agent, request } from 'node:https'
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
    return { status: response.statusCode ?? 0, header, body: await readBody(response) }
  } finally {
    response.destroy()
  }
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
