import type { Agent } from 'node:https'
import type { TokenCredential } from '@azure/identity'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { statusFailure } from './failure.ts'

export type EntraWay = {
  /** The cloud's authority, an https origin. */
  authority: string
  agent?: Agent
}

type Sdk = typeof import('@azure/identity')

/** Makes a credential of the SDK with options that keep its requests at the authority. */
export type MakeCredential = (sdk: Sdk, options: ReturnType<typeof optionsOf>) => TokenCredential

/**
 * One request to Entra ID through a credential of its own: the SDK's caches and its throttle (60 s after any 5xx, also when
 * the authority is well again) would come between the broker and the authority. Throws UpstreamFailure where Entra answered.
 */
export async function askEntra(
  make: MakeCredential,
  [scopes, options]: Parameters<TokenCredential['getToken']>,
  { authority, agent }: EntraWay,
) {
  const trace: Trace = {}
  const credential = make(await import('@azure/identity'), optionsOf(authority, agent, trace))
  return credential.getToken(scopes, options).catch((error: unknown) => {
    throw trace.failure ?? error
  })
}

type Trace = { failure?: UpstreamFailure }

function optionsOf(authority: string, agent: Agent | undefined, trace: Trace) {
  return {
    authorityHost: authority,
    // Where the authority is comes from the cloud's table, not from a document on the Internet.
    disableInstanceDiscovery: true,
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    ...(agent && { agent }),
    additionalPolicies: [{ policy: tracePolicy(authority, trace), position: 'perRetry' as const }],
  }
}

type Answer = { status: number; bodyAsText?: string | null; headers: { get(name: string): string | undefined } }

/** Keeps status, codes and `Retry-After`, which the SDK's error loses; and requests go to the authority alone (T40). */
function tracePolicy(authority: string, trace: Trace) {
  return {
    name: 'sallyportTrace',
    async sendRequest<R extends { url: string }, A extends Answer>(request: R, next: (request: R) => Promise<A>) {
      if (new URL(request.url).origin !== authority) throw new Error('request to a host that is not the authority')
      const answer = await next(request)
      if (answer.status < 300) return answer
      const { retryAfterSeconds } = statusFailure(answer)
      trace.failure = new UpstreamFailure({ status: answer.status, ...entraCodes(answer), retryAfterSeconds })
      throw trace.failure
    },
  }
}

/** OAuth's code and the number behind `AADSTS`; nothing of the text. */
function entraCodes({ bodyAsText }: Answer): { error?: string; aadsts?: number } {
  try {
    const { error, error_codes: codes } = JSON.parse(bodyAsText ?? '') as { error?: unknown; error_codes?: unknown }
    const [aadsts] = Array.isArray(codes) ? codes : []
    return {
      ...(typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) && { error }),
      ...(Number.isSafeInteger(aadsts) && { aadsts }),
    }
  } catch {
    return {}
  }
}
