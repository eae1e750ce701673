import type { TokenCredential } from '@azure/identity'
import type { Broker, Fetch } from '../tokens/broker/broker.ts'
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
  seen?(token: string): void
}

/**
 * A credential for the SDK's clients that asks through the broker, which has what the SDK's own lack: one request for any
 * number of waiters, the old token when a renewal fails, rests, claims, an end by the caller's signal and by time.
 */
export function createCredential({ open, broker, identity, seen = () => {} }: CredentialDeps): TokenCredential {
  return {
    async getToken(scopes, { claims, tenantId, abortSignal } = {}) {
      const wanted = [scopes].flat()
      const fetch: Fetch = async ({ claims: asked, signal }) => {
        const source = await open()
        const options = {
          abortSignal: signal,
          ...(asked !== undefined && { claims: asked }),
          ...(tenantId && { tenantId }),
        }
        const got = await source.getToken(wanted, options).catch((error: unknown) => {
          throw sdkFailure(error)
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
      const options = { ...(claims && { claims }), ...(abortSignal && { signal: abortSignal }) }
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
