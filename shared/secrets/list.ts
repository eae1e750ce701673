import type { LoadingCache } from './loading-cache.ts'
import type { Markers } from './markers.ts'
import { metadataOf, type SecretMetadata } from './metadata.ts'
import { secretResource } from './secret-ref.ts'
import type { SecretProperties, Vault } from './vault.ts'

export type ListDeps = {
  vaults: ReadonlyMap<string, Vault>
  listings: LoadingCache<readonly SecretProperties[]>
  markers: Pick<Markers, 'fresh'>
}

export type ListQuery = {
  vault: string
  prefix: string
  limit: number
  /** Name after which the page begins: the last one the caller has seen. */
  after: string
  /** Whether policy permits showing the resource; the door decides again. */
  permits(resource: string): boolean
}

export type ListPage = { candidates: { resource: string; item: SecretMetadata }[]; next?: string }

/** One page of a vault's names that may be shown, in their order; an unknown vault is an empty one. */
export async function listPage(deps: ListDeps, query: ListQuery): Promise<ListPage> {
  const vault = deps.vaults.get(query.vault)
  if (!vault) return { candidates: [] }
  await deps.markers.fresh(query.vault)
  const { value: all } = await deps.listings.read(`${query.vault}/`, () => readAll(vault))
  const candidates: ListPage['candidates'] = []
  for (const properties of all) {
    const name = properties.name.toLowerCase()
    if (name <= query.after || !name.startsWith(query.prefix)) continue
    const resource = secretResource({ vault: query.vault, name })
    if (!query.permits(resource)) continue
    if (candidates.length === query.limit) return { candidates, next: candidates.at(-1)?.item.name ?? '' }
    candidates.push({ resource, item: metadataOf({ vault: query.vault, name }, properties) })
  }
  return { candidates }
}

/** The whole vault, sorted: its own order is not said anywhere, and its pages may be empty. */
async function readAll(vault: Vault): Promise<SecretProperties[]> {
  const all: SecretProperties[] = []
  for await (const properties of vault.list()) all.push(properties)
  const key = ({ name }: SecretProperties) => name.toLowerCase()
  return all.sort((one, other) => (key(one) < key(other) ? -1 : 1))
}
