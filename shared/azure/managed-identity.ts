import type { TokenCredential } from '@azure/identity'
import { createIdentityNetwork, identityTrace, type Trace } from './identity-network.ts'
import type { ManagedId } from './identity-source.ts'

/** Half-life and spare time are the broker's: the library's own cache is passed by. */
const FORCE = { forceRefresh: true }

/**
 * The managed identity of the host through msal-node: @azure/identity's credential drops a claims challenge, so a token
 * that was revoked would come back until its end. TRAP: endpoint and header are static in the library; a process has one
 * identity endpoint, though any number of the host's identities.
 */
export async function openManagedIdentity(id?: ManagedId): Promise<TokenCredential> {
  const { ManagedIdentityApplication } = await import('@azure/msal-node')
  const application = new ManagedIdentityApplication({
    clientCapabilities: ['cp1'],
    ...(id && { managedIdentityIdParams: { [`userAssigned${id.type}`]: id.id } }),
    system: {
      networkClient: createIdentityNetwork(),
      disableInternalRetries: true,
      // Whatever it says of requests and answers may carry tokens.
      loggerOptions: { loggerCallback: () => {}, piiLoggingEnabled: false },
    },
  })
  return {
    async getToken(scopes, { claims, abortSignal } = {}) {
      const resource = ([scopes].flat()[0] ?? '').replace(/\/\.default$/, '')
      const trace: Trace = { signal: toSignal(abortSignal) }
      // Asked with claims it never answers from its cache, and tells Service Fabric which token was refused.
      const wish = claims === undefined ? { resource, ...FORCE } : { resource, claims }
      try {
        const got = await identityTrace.run(trace, () => application.acquireToken(wish))
        if (!got.expiresOn) return null
        const refresh = got.refreshOn?.getTime()
        return {
          token: got.accessToken,
          expiresOnTimestamp: got.expiresOn.getTime(),
          ...(refresh !== undefined && { refreshAfterTimestamp: refresh }),
        }
      } catch (error) {
        throw trace.failure ?? error
      }
    },
  }
}

type Abort = { aborted: boolean; addEventListener(type: 'abort', listener: () => void): void }

function toSignal(signal: Abort | undefined): AbortSignal {
  const controller = new AbortController()
  if (signal?.aborted) controller.abort()
  signal?.addEventListener('abort', () => controller.abort())
  return controller.signal
}
