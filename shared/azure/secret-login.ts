import type { EntraAppDeps } from '../rotation/rotators/entra-app.ts'
import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { askEntra, type EntraWay } from './entra-request.ts'
import { sdkFailure } from './sdk-failure.ts'

const CALL_MS = 20_000

/** Client credentials with a secret: a credential of its own for each request, so that nothing comes from a cache. */
export function createSecretLogin(way: EntraWay): EntraAppDeps['logIn'] {
  return async ({ tenant, clientId, secret, resource, signal }) => {
    const asked = { abortSignal: AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]) }
    await askEntra(
      (sdk, options) => secret.within((text) => new sdk.ClientSecretCredential(tenant, clientId, text, options)),
      [`${resource}/.default`, asked],
      way,
    ).catch((error: unknown) => {
      const failure = sdkFailure(error)
      // An end by time is an authority that does not answer.
      throw failure instanceof UpstreamFailure ? failure : new UpstreamFailure({})
    })
  }
}
