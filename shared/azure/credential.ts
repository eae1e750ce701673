import type { TokenCredential } from '@azure/identity'
import type { Broker, Fetch } from '../tokens/broker/broker.ts'
import { IdentityFault } from './identity-files.ts'
import { sdkFailure } from './sdk-failure.ts'

/** The gateway's own identity could give no token; carries nothing of the SDK's error. */
export class CredentialFailure extends Error {
  override readonly name = 'CredentialFailure'
}

export type CredentialDeps = {
  open(): Promise<TokenCredential>
  broker: Broker
  /** Whose credential it is: no two share a cached token. */
  identity: string
  /** Of a credential that cannot change while the process lives: once refused it is not tried again (a locked account). */
  version?: string
  seen?(token: string): void
  /** What came of a request that failed; carries nothing to keep but codes (identity-trouble.ts). */
  failed?(thrown: unknown): void
}

/**
 * A credential for the SDK's clients that asks through the broker, which has what the SDK's own lack: one request for any
 * number of waiters, the old token when a renewal fails, rests, claims, an end by the caller's signal and by time.
 */
export function createCredential({
  open,
  broker,
  identity,
  version,
  seen = () => {},
  failed = () => {},
}: CredentialDeps): TokenCredential {
  return {
    async getToken(scopes, { claims, tenantId, abortSignal } = {}) {
      const wanted = [scopes].flat()
      const fetch: Fetch = async ({ claims: asked, signal }) => {
        const source = await open().catch((error: unknown) => {
          failed(error)
          throw error
        })
        const options = {
          abortSignal: signal,
          ...(asked !== undefined && { claims: asked }),
          ...(tenantId && { tenantId }),
        }
        const got = await source.getToken(wanted, options).catch((error: unknown) => {
          const failure = sdkFailure(error)
          failed(error instanceof IdentityFault ? error : failure)
          throw failure
        })
        if (!got) throw new CredentialFailure('no token')
        seen(got.token)
        const refreshAt = got.refreshAfterTimestamp
        return { token: got.token, expiresAt: got.expiresOnTimestamp, ...(refreshAt && { refreshAt }) }
      }
      const key = {
        identity,
        resource: wanted[0] ?? '',
        scopes: wanted.slice(1),
        ...(tenantId && { tenant: tenantId }),
      }
      const options = {
        ...(claims && { claims }),
        ...(abortSignal && { signal: abortSignal }),
        ...(version !== undefined && { credentialVersion: version }),
      }
      try {
        const { token, expiresAt, refreshAt } = await broker.get(key, fetch, options)
        return { token, expiresOnTimestamp: expiresAt, ...(refreshAt && { refreshAfterTimestamp: refreshAt }) }
      } catch (error) {
        if (error instanceof DOMException && error.name === 'AbortError') throw error
        throw new CredentialFailure('the identity gives no token')
      }
    },
  }
}
