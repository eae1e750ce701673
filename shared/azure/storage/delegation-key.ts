import type { TokenCredential } from '@azure/identity'
import { z } from 'zod'
import { GatewayError } from '../../errors.ts'
import { Secret } from '../../secrets/secret.ts'
import type { Broker } from '../../tokens/broker/broker.ts'
import { type ClientDeps, clientOptions } from '../client-options.ts'
import { sharedOnce } from '../once.ts'
import { upstreamFailure } from '../upstream.ts'

/** A user delegation key: signs SAS in the name of the principal that fetched it. Times in milliseconds. */
export type DelegationKey = {
  objectId: string
  tenant: string
  startsAt: number
  endsAt: number
  service: string
  version: string
  value: Secret
}

/** The key in the fields of the storage libraries' `UserDelegationKey`; `value` as {@link Secret.within} shows it. */
export const libraryKey = (key: DelegationKey, value: string) => ({
  signedObjectId: key.objectId,
  signedTenantId: key.tenant,
  signedStartsOn: new Date(key.startsAt),
  signedExpiresOn: new Date(key.endsAt),
  signedService: key.service,
  signedVersion: key.version,
  value,
})

const HOUR_MS = 3_600_000
/** For clocks that are behind: the service takes no key before its start. */
const BACKDATED_MS = HOUR_MS / 4
/** A key lives 7 days at most; it must outlive the longest SAS that it signs, for its end is theirs too. */
const LIFETIME_MS = 24 * HOUR_MS
/** INVARIANT: the longest SAS (`maxTtlSeconds` of the target's schema). */
const LONGEST_SAS_MS = 12 * HOUR_MS

/** The key as it rests in the broker's cache, where everything is text. */
const Kept = z.object({
  objectId: z.guid(),
  tenant: z.guid(),
  startsAt: z.number(),
  endsAt: z.number(),
  service: z.enum(['b', 'q', 't']),
  version: z.string().regex(/^\d{4}-\d\d-\d\d$/),
  value: z.base64().min(1),
})

export type DelegationKeyDeps = ClientDeps & { credential: TokenCredential; broker: Broker }

/**
 * Keys of storage services, fetched under the gateway's identity and kept by the broker: one request for any number of
 * waiters, renewed at half its useful life. The request is the same for blobs, queues and tables
 * (learn.microsoft.com/rest/api/storageservices/get-user-delegation-key), and only the blob client can make it.
 */
export function createDelegationKeys({ credential, broker, ...deps }: DelegationKeyDeps) {
  const sdk = sharedOnce(() => import('@azure/storage-blob'))

  const fetchKey = async (endpoint: string, signal: AbortSignal) => {
    const { BlobServiceClient } = await sdk()
    const { retryOptions: _, ...options } = clientOptions(endpoint, deps)
    const client = new BlobServiceClient(endpoint, credential, { ...options, retryOptions: { maxTries: 1 } })
    const now = deps.now()
    const [start, end] = [new Date(now - BACKDATED_MS), new Date(now + LIFETIME_MS)]
    const key = await client.getUserDelegationKey(start, end, { abortSignal: signal })
    return Kept.parse({
      objectId: key.signedObjectId,
      tenant: key.signedTenantId,
      startsAt: key.signedStartsOn.getTime(),
      endsAt: key.signedExpiresOn.getTime(),
      service: key.signedService,
      version: key.signedVersion,
      value: key.value,
    })
  }

  /** A key of the service at this origin that outlives every SAS. Throws `upstream_unavailable` or `upstream_refused`. */
  return async (endpoint: string): Promise<{ key: DelegationKey; source: 'cache' | 'identity_provider' }> => {
    const wanted = { identity: 'gateway', resource: endpoint, scopes: ['userdelegationkey'] }
    const { token, source } = await broker.get(wanted, async ({ signal }) => {
      const kept = await fetchKey(endpoint, signal).catch((error: unknown) => {
        throw upstreamFailure(error)
      })
      if (kept.endsAt - LONGEST_SAS_MS <= deps.now())
        throw new GatewayError('upstream_unavailable', 'sas_key_too_short')
      return { token: JSON.stringify(kept), expiresAt: kept.endsAt - LONGEST_SAS_MS }
    })
    const { value, ...key } = Kept.parse(JSON.parse(token))
    return { key: { ...key, value: new Secret(value) }, source }
  }
}
