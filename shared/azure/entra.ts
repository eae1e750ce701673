import type { Agent } from 'node:https'
import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity'
import type { Fetch, Fetched } from '../tokens/broker/broker.ts'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import type { EntraPort } from '../tokens/entra/entra-port.ts'
import { statusFailure } from './failure.ts'
import type { IdentitySource } from './identity-source.ts'
import { sharedOnce } from './once.ts'
import { sdkFailure } from './sdk-failure.ts'

export type EntraDeps = {
  /** The cloud's authority, an https origin. */
  authority: string
  agent?: Agent
  open(source: IdentitySource): Promise<TokenCredential>
  /** What the gateway itself runs as. */
  ownSource: IdentitySource
}

/**
 * Entra ID through the SDK's credentials. Each request has a credential of its own: the SDK's caches and its throttle (60 s
 * after any 5xx, also when the authority is well again) would come between the broker and the authority.
 */
export function createEntra({ authority, agent, open, ownSource }: EntraDeps): EntraPort {
  const sdk = sharedOnce(() => import('@azure/identity'))
  const own = new Map<string, () => Promise<TokenCredential>>()

  const ask = async (make: Make, scope: string, how: How): Promise<Fetched> => {
    const trace: Trace = {}
    const credential = make(await sdk(), optionsOf(authority, agent, trace))
    return fetched(credential.getToken(scope, getOptions(how)), trace)
  }

  return {
    byAssertion:
      ({ tenant, clientId }, resource, assertion) =>
      async (how) => {
        // Made before the SDK is in between: its failure keeps its own name.
        const text = await assertion(how)
        const make: Make = (module, options) =>
          new module.ClientAssertionCredential(tenant, clientId, async () => text, options)
        return ask(make, `${resource}/.default`, how)
      },
    byPassword:
      ({ tenant, clientId }, resource, { username, password }) =>
      (how) =>
        ask(
          (module, options) =>
            password.within((text) => new module.UsernamePasswordCredential(tenant, clientId, username, text, options)),
          `${resource}/.default`,
          how,
        ),
    own:
      ({ userAssigned }, resource) =>
      async (how) => {
        const name = userAssigned ?? ''
        const source: IdentitySource = userAssigned
          ? { kind: 'managed', id: { type: 'ClientId', id: userAssigned } }
          : ownSource
        const opened = own.get(name) ?? sharedOnce(() => open(source))
        own.set(name, opened)
        const credential = await opened()
        // Managed identities are asked for a resource; the SDK's other credentials for a scope.
        return fetched(credential.getToken(`${resource}/.default`, getOptions(how)), {})
      },
  }
}

type How = Parameters<Fetch>[0]
type Sdk = typeof import('@azure/identity')
type Options = ReturnType<typeof optionsOf>
type Make = (sdk: Sdk, options: Options) => TokenCredential
type Trace = { failure?: UpstreamFailure }

const getOptions = ({ claims, signal }: How): GetTokenOptions => ({ abortSignal: signal, ...(claims && { claims }) })

async function fetched(asked: Promise<AccessToken | null>, trace: Trace): Promise<Fetched> {
  const got = await asked.catch((error: unknown) => {
    throw trace.failure ?? sdkFailure(error)
  })
  if (!got) throw new UpstreamFailure({})
  const { token, expiresOnTimestamp: expiresAt, refreshAfterTimestamp: refreshAt } = got
  return { token, expiresAt, ...(refreshAt && { refreshAt }) }
}

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

/** Keeps status, code and `Retry-After`, which the SDK's error loses; and requests go to the authority alone (T40). */
function tracePolicy(authority: string, trace: Trace) {
  return {
    name: 'sallyportTrace',
    async sendRequest<R extends { url: string }, A extends Answer>(request: R, next: (request: R) => Promise<A>) {
      if (new URL(request.url).origin !== authority) throw new Error('request to a host that is not the authority')
      const answer = await next(request)
      if (answer.status < 300) return answer
      const { retryAfterSeconds } = statusFailure(answer)
      trace.failure = new UpstreamFailure({ status: answer.status, error: oauthError(answer), retryAfterSeconds })
      throw trace.failure
    },
  }
}

function oauthError({ bodyAsText }: Answer): string | undefined {
  try {
    const { error } = JSON.parse(bodyAsText ?? '') as { error?: unknown }
    return typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) ? error : undefined
  } catch {
    return undefined
  }
}
