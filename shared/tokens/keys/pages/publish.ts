import { type KeyStoreDeps, readKeyRows } from '../bootstrap.ts'
import { loadRing } from '../load-ring.ts'
import type { PageStore } from './page-store.ts'

export type PublishDeps = { store: PageStore; keyStore: KeyStoreDeps; documents: Readonly<Record<string, object>> }

/** What stands on the page: which keys, and since when (storage's clock, ms) the document is as it is. */
export type OnPage = { kids: ReadonlySet<string>; since: number; wrote: number }

export const JWKS_PAGE = 'oauth2/jwks'
/** Somebody who wrote between our reading and writing had fresh rows; once more sees theirs. */
const ATTEMPTS = 3

/**
 * Brings the issuer's page up to date; nothing is written where the bytes are the same. Throws StorageError,
 * `keys_unavailable` (also while the vault cannot confirm the keys: the page stays as it is).
 */
export async function publish({ store, keyStore, documents }: PublishDeps): Promise<OnPage> {
  let wrote = 0
  const put = async (name: string, make: () => Promise<object>) => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      // INVARIANT: the page is read before the rows. Who wrote before this had no newer rows than ours; who writes after it makes our write a conflict.
      const standing = await store.read(name)
      const text = JSON.stringify(await make())
      if (standing?.text === text) return standing
      if ((await store.write(name, text, standing)) === 'done') wrote += 1
    }
    return undefined
  }
  for (const [name, document] of Object.entries(documents)) await put(name, async () => document)
  const page = await put(JWKS_PAGE, async () => {
    const { signing } = await loadRing(keyStore, await readKeyRows(keyStore))
    return { keys: signing.map(({ publicJwk }) => publicJwk) }
  })
  if (!page) return { kids: new Set(), since: Number.POSITIVE_INFINITY, wrote }
  const { keys } = JSON.parse(page.text) as { keys: { kid?: string }[] }
  return { kids: new Set(keys.flatMap(({ kid }) => kid ?? [])), since: page.modifiedAt, wrote }
}
