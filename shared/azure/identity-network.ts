import { AsyncLocalStorage } from 'node:async_hooks'
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { INetworkModule, NetworkRequestOptions } from '@azure/msal-node'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { statusFailure } from './failure.ts'

/** What the library makes of a refusal loses status and `Retry-After`: they are kept here, one trace for each call. */
export type Trace = { signal: AbortSignal; failure?: UpstreamFailure }

/** TRAP: the library keeps the first network module for the whole process, so what belongs to one call cannot be in it. */
export const identityTrace = new AsyncLocalStorage<Trace>()

const MAX_BYTES = 64 * 1_024

type Wanted = { method: 'GET' | 'POST'; url: string; options: NetworkRequestOptions | undefined }

/**
 * Requests to the identity endpoint of the host: bounded in time and size, no redirects (T40), and no proxy, whatever the
 * environment says: the endpoint is on this machine, and its header is a credential.
 */
export function createIdentityNetwork(): INetworkModule {
  const agents = { http: new HttpAgent({ keepAlive: true }), https: new HttpsAgent({ keepAlive: true }) }
  const send = async <T>(wanted: Wanted) => {
    const answer = await exchange(wanted, agents)
    const { statusCode: status = 0, headers } = answer
    const body = await readJson(answer)
    // Arc's endpoint names its key file in a 401, which the library answers.
    if (status >= 300 && !(status === 401 && headers['www-authenticate'])) throw refused(status, headers, body)
    return { status, headers: flat(headers), body: body as T }
  }
  return {
    sendGetRequestAsync: (url, options) => send({ method: 'GET', url, options }),
    sendPostRequestAsync: (url, options) => send({ method: 'POST', url, options }),
  }
}

type Agents = { http: HttpAgent; https: HttpsAgent }

function exchange({ method, url, options }: Wanted, agents: Agents): Promise<IncomingMessage> {
  const signal = identityTrace.getStore()?.signal
  const secure = new URL(url).protocol === 'https:'
  const common = { method, headers: options?.headers ?? {}, ...(signal && { signal }) }
  return new Promise((resolve, reject) => {
    const sent = secure
      ? httpsRequest(url, { ...common, agent: agents.https }, resolve)
      : httpRequest(url, { ...common, agent: agents.http }, resolve)
    sent.on('error', reject)
    sent.end(options?.body)
  })
}

async function readJson(answer: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAX_BYTES) throw new Error('the answer is too large')
    chunks.push(chunk)
  }
  try {
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'))
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

function refused(status: number, headers: IncomingMessage['headers'], body: Record<string, unknown>): UpstreamFailure {
  const { retryAfterSeconds } = statusFailure({ status, headers: { get: (name) => headers[name]?.toString() } })
  const error = typeof body['error'] === 'string' ? body['error'] : undefined
  const failure = new UpstreamFailure({ status, error, retryAfterSeconds })
  const trace = identityTrace.getStore()
  if (trace) trace.failure = failure
  return failure
}

const flat = (headers: IncomingMessage['headers']) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
