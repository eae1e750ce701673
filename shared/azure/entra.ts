import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity'
import type { Fetch, Fetched } from '../tokens/broker/broker.ts'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import type { EntraPort } from '../tokens/entra/entra-port.ts'
import { askEntra, type EntraWay, type MakeCredential } from './entra-request.ts'
import type { IdentitySource } from './identity-source.ts'
import { sharedOnce } from './once.ts'
import { sdkFailure } from './sdk-failure.ts'

export type EntraDeps = EntraWay & {
  open(source: IdentitySource): Promise<TokenCredential>
  /** What the gateway itself runs as. */
  ownSource: IdentitySource
}

/** Entra ID through the SDK's credentials, one request each; caching is the broker's. */
export function createEntra({ open, ownSource, ...way }: EntraDeps): EntraPort {
  const own = new Map<string, () => Promise<TokenCredential>>()

  const ask = (make: MakeCredential, scope: string, how: How) => fetched(askEntra(make, [scope, getOptions(how)], way))

  return {
    byAssertion:
      ({ tenant, clientId }, resource, assertion) =>
      async (how) => {
        // Made before the SDK is in between: its failure keeps its own name.
        const text = await assertion(how)
        const make: MakeCredential = (module, options) =>
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
        return fetched(credential.getToken(`${resource}/.default`, getOptions(how)))
      },
  }
}

type How = Parameters<Fetch>[0]

const getOptions = ({ claims, signal }: How): GetTokenOptions => ({ abortSignal: signal, ...(claims && { claims }) })

async function fetched(asked: Promise<AccessToken | null>): Promise<Fetched> {
  const got = await asked.catch((error: unknown) => {
    throw sdkFailure(error)
  })
  if (!got) throw new UpstreamFailure({})
  const { token, expiresOnTimestamp: expiresAt, refreshAfterTimestamp: refreshAt } = got
  return { token, expiresAt, ...(refreshAt && { refreshAt }) }
}
