import { StorageError } from '../../../azure/table.ts'
import { GatewayError } from '../../../errors.ts'
import { type KeyRotation, type KeyRotationDeps, rotateKeys } from '../rotation/rotate-keys.ts'
import type { PageStore } from './page-store.ts'
import { type OnPage, publish } from './publish.ts'

export type TendDeps = Omit<KeyRotationDeps, 'onPage'> & {
  /** Absent where the app itself is the issuer. */
  page?: { store: PageStore; documents: Readonly<Record<string, object>> }
}

/** `pages`: how many documents were written. */
export type Tended = KeyRotation & { pages?: number }

/** No key stands on a page that could not be read and written: none of them may begin to sign. */
const NOTHING_STANDS: OnPage = { kids: new Set(), since: Number.POSITIVE_INFINITY, wrote: 0 }

/**
 * One tick of the signing keys: the page, what is due, and the page again. A page that is down stops nothing but the
 * activation of keys; the tick then ends with `keys_unavailable`, reason `page_…`, after everything else was done.
 */
export async function tendKeys({ page, ...deps }: TendDeps): Promise<Tended> {
  if (!page) return rotateKeys(deps)
  let failure: string | undefined
  const put = async () => {
    try {
      return await publish({ ...page, keyStore: deps })
    } catch (error) {
      failure = error instanceof GatewayError || error instanceof StorageError ? error.reason : 'unexpected_error'
      return NOTHING_STANDS
    }
  }
  const before = await put()
  const rotation = await rotateKeys({ ...deps, onPage: before })
  const after = rotation.steps.length > 0 && failure === undefined ? await put() : undefined
  if (failure !== undefined) {
    deps.report('keys.page_not_written', { reason: failure })
    throw new GatewayError('keys_unavailable', `page_${failure}`, { retryAfterSeconds: 60 })
  }
  return { ...rotation, pages: before.wrote + (after?.wrote ?? 0) }
}
