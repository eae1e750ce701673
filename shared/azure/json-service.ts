import type { Agent } from 'node:https'
import { GatewayError } from '../errors.ts'
import type { JsonService } from '../rotation/json-service.ts'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { statusFailure } from './failure.ts'
import { callHttps } from './https-call.ts'

export type JsonServiceDeps = {
  /** `https://graph.microsoft.com`: base of every URL, and what the token is for. */
  origin: string
  ownToken: (resource: string) => Promise<string>
  agent?: Agent
}

/** A call that hangs must be over before the lease under which it is made. */
const CALL_MS = 20_000

/**
 * A REST service of Azure under the gateway's own identity. No link of an answer is followed to another origin (T40). Throws
 * UpstreamFailure with status and waiting time; `error` is the service's own code (`Authorization_RequestDenied`).
 */
export function createJsonService({ origin, ownToken, agent }: JsonServiceDeps): JsonService {
  const bearer = async () => {
    try {
      return `Bearer ${await ownToken(origin)}`
    } catch {
      throw new GatewayError('upstream_unavailable', 'own_identity_no_token')
    }
  }
  return async (method, path, { body, signal }) => {
    const answer = await callHttps(`${origin}${path}`, {
      method,
      headers: {
        authorization: await bearer(),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]),
      ...(agent && { agent }),
    })
    const { status, header } = answer
    if (status < 200 || status >= 300) {
      throw new UpstreamFailure({ ...statusFailure({ status, headers: { get: header } }), error: codeOf(answer.body) })
    }
    return answer.body === '' ? undefined : parse(answer.body)
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    throw new UpstreamFailure({})
  }
}

/** Graph and ARM word their errors alike: `{ error: { code, message } }`. */
function codeOf(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown } }
    const code = error?.code
    return typeof code === 'string' && /^[A-Za-z_]{1,64}$/.test(code) ? code : undefined
  } catch {
    return undefined
  }
}
