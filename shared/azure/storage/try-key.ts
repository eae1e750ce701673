import type { StorageKeyDeps } from '../../rotation/rotators/storage-key.ts'
import { type ClientDeps, clientOptions } from '../client-options.ts'
import { sharedOnce } from '../once.ts'
import { upstreamFailure } from '../upstream.ts'

const CALL_MS = 20_000

export type TryKeyDeps = ClientDeps & { blobSuffix: string }

/** The lightest request that wants a key: the account's kind (learn.microsoft.com/rest/api/storageservices/get-account-information). */
export function createTryKey({ blobSuffix, ...deps }: TryKeyDeps): StorageKeyDeps['tryKey'] {
  const sdk = sharedOnce(() => import('@azure/storage-blob'))
  return async ({ name, key, signal }) => {
    const { BlobServiceClient, StorageSharedKeyCredential } = await sdk()
    const endpoint = `https://${name}.${blobSuffix}`
    const { retryOptions: _, ...options } = clientOptions(endpoint, deps)
    const credential = key.within((text) => new StorageSharedKeyCredential(name, text))
    const client = new BlobServiceClient(endpoint, credential, { ...options, retryOptions: { maxTries: 1 } })
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)])
    await client.getAccountInfo({ abortSignal }).catch((error: unknown) => {
      throw upstreamFailure(error)
    })
  }
}
