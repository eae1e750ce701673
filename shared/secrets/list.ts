import type { LoadingCache } from './loading-cache.ts'
import type { Markers } from './markers.ts'
import { metadataOf, type SecretMetadata } from './metadata.ts'
import { type SecretRef, secretResource } from './secret-ref.ts'
import type { SecretProperties, Vault } from './vault.ts'

export type ListDeps = {
  vaults: ReadonlyMap<string, Vault>
  listings: LoadingCache<readonly SecretProperties[]>
  markers: Pick<Markers, 'fresh'>
}

export type ListQuery = {
  /** The only vault to list; without it, all that callers can name. */
  vault?: string | undefined
  prefix: string
  limit: number
  /** After which the page begins: the last one the caller has seen. */
  after?: SecretRef | undefined
  /** Whether policy permits showing the resource; the door decides again. */
  permits(resource: string): boolean
}

type Candidate = { resource: string; item: SecretMetadata }

export type ListPage = { candidates: Candidate[]; next?: SecretRef }

/** One page of the names that may be shown, ordered by vault and name; an unknown vault is an empty one. */
export async function listPage(deps: ListDeps, query: ListQuery): Promise<ListPage> {
  const candidates: Candidate[] = []
  for (const [alias, vault] of vaultsOf(deps, query)) {
    await deps.markers.fresh(alias)
    const { value: all } = await deps.listings.read(`${alias}/`, () => readAll(vault))
    for (const candidate of candidatesIn(alias, all, query)) {
      const last = candidates.at(-1)
      if (last && candidates.length === query.limit) return { candidates, next: last.item }
      candidates.push(candidate)
    }
  }
  return { candidates }
}

/** A later page never asks a vault again that the caller is through with. */
function vaultsOf({ vaults }: ListDeps, { vault: wanted, after }: ListQuery): [alias: string, Vault][] {
  return [...vaults]
    .filter(([alias]) => (wanted === undefined || alias === wanted) && (!after || alias >= after.vault))
    .sort(([one], [other]) => (one < other ? -1 : 1))
}

function* candidatesIn(vault: string, all: readonly SecretProperties[], { prefix, after, permits }: ListQuery) {
  const seen = after?.vault === vault ? after.name : ''
  for (const properties of all) {
    const name = properties.name.toLowerCase()
    if (name <= seen || !name.startsWith(prefix)) continue
    const resource = secretResource({ vault, name })
    if (permits(resource)) yield { resource, item: metadataOf({ vault, name }, properties) }
  }
}

/** The whole vault, sorted: its own order is not said anywhere, and its pages may be empty. */
async function readAll(vault: Vault): Promise<SecretProperties[]> {
  const all: SecretProperties[] = []
  for await (const properties of vault.list()) all.push(properties)
  const key = ({ name }: SecretProperties) => name.toLowerCase()
  return all.sort((one, other) => (key(one) < key(other) ? -1 : 1))
}
