import type { TokenCredential } from '@azure/identity'
import type { PageStore } from '../../tokens/keys/pages/page-store.ts'
import { type ClientDeps, clientOptions } from '../client-options.ts'
import { failureOf } from '../failure.ts'
import { sharedOnce } from '../once.ts'
import { StorageError } from '../table.ts'

const CALL_MS = 5_000
/** A few keys; more was not written by us. */
const MAX_BYTES = 262_144
/** As the gateway itself says of the same documents. */
const HEADERS = { blobContentType: 'application/json', blobCacheControl: 'public, max-age=300' }

export type PageStoreDeps = ClientDeps & { credential: TokenCredential; container: string }

/** A blob container as the issuer's public page. The SDK is imported at the first call. */
export function createPageStore({ credential, container, ...deps }: PageStoreDeps): PageStore {
  const sdk = sharedOnce(() => import('@azure/storage-blob'))
  // One client per call: a child of a ContainerClient puts the policies of these options into its pipeline a second time and throws.
  const blobOf = async (name: string) => {
    const { BlockBlobClient } = await sdk()
    const { retryOptions: _, ...options } = clientOptions(container, deps)
    return new BlockBlobClient(`${container}/${name}`, credential, { ...options, retryOptions: { maxTries: 1 } })
  }
  return {
    async read(name) {
      const blob = await blobOf(name)
      const abortSignal = AbortSignal.timeout(CALL_MS)
      try {
        const {
          etag,
          lastModified,
          contentLength = 0,
          readableStreamBody,
        } = await blob.download(0, MAX_BYTES, { abortSignal })
        if (!etag || !lastModified || contentLength >= MAX_BYTES) throw new StorageError('unreachable')
        const chunks: Buffer[] = []
        for await (const chunk of readableStreamBody ?? []) chunks.push(Buffer.from(chunk))
        return { text: Buffer.concat(chunks).toString('utf8'), etag, modifiedAt: lastModified.getTime() }
      } catch (error) {
        if (statusOf(error) === 404) return undefined
        throw storageError(error)
      }
    },
    async write(name, text, over) {
      const blob = await blobOf(name)
      const conditions = over ? { ifMatch: over.etag } : { ifNoneMatch: '*' }
      const abortSignal = AbortSignal.timeout(CALL_MS)
      try {
        await blob.upload(text, Buffer.byteLength(text), { conditions, blobHTTPHeaders: HEADERS, abortSignal })
        return 'done'
      } catch (error) {
        if ([409, 412].includes(statusOf(error) ?? 0)) return 'conflict'
        throw storageError(error)
      }
    },
  }
}

const statusOf = (error: unknown) => {
  const failure = failureOf(error)
  return failure.kind === 'status' ? failure.status : undefined
}

function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error
  return new StorageError([429, 503].includes(statusOf(error) ?? 0) ? 'throttled' : 'unreachable')
}
