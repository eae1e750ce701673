import { beforeAll, expect, it } from 'vitest'
import { type ListQuery, listPage } from '../../../shared/secrets/list.ts'
import { createLoadingCache } from '../../../shared/secrets/loading-cache.ts'
import { Secret } from '../../../shared/secrets/secret.ts'
import type { SecretProperties } from '../../../shared/secrets/vault.ts'
import { rig } from '../../support/rig.ts'
import { secretsOn } from '../../support/secrets.ts'

const local = rig()
const control = local.vaultControl('main')
const { azure, now } = secretsOn(local)
const vault = azure.vault(`https://${local.account}-main.vault.azure.net`)

beforeAll(async () => {
  for (const name of ['one', 'two', 'Three']) await vault.set(name, { value: new Secret('v') })
})

/** One vault under three aliases, one of which sorts between another and its own names. */
function lists(permits: ListQuery['permits'] = () => true) {
  const sizes = { ttlMs: 60_000, maxEntries: 8, maxBytes: 1_000_000, bytesOf: () => 1 }
  const deps = {
    vaults: new Map(['b', 'a-b', 'a'].map((alias) => [alias, vault])),
    listings: createLoadingCache<readonly SecretProperties[]>({ now, ...sizes }),
    markers: { fresh: async () => undefined },
  }
  const page = (query: Partial<ListQuery>) => listPage(deps, { prefix: '', limit: 200, permits, ...query })
  return async (query: Partial<ListQuery>) => {
    const pages: string[][] = []
    for (let after = query.after, more = true; more; ) {
      const { candidates, next } = await page({ ...query, after })
      pages.push(candidates.map(({ item }) => `${item.vault}/${item.name}`))
      after = next
      more = next !== undefined
    }
    return pages
  }
}

const all = ['a', 'a-b', 'b'].flatMap((alias) => ['one', 'three', 'two'].map((name) => `${alias}/${name}`))

it.each([1, 2, 3, 4, 9, 200])(
  'without a vault, %i a page: every vault by alias, then by name, each once',
  async (limit) => {
    const pages = await lists()({ limit })
    expect(pages.flat()).toEqual(all)
    expect(pages).toHaveLength(Math.ceil(all.length / limit))
  },
)

it('shows of each vault only what policy permits', async () => {
  const pages = await lists((resource) => resource === 'secret/a-b/two' || resource.startsWith('secret/b/t'))({
    limit: 2,
  })
  expect(pages).toEqual([['a-b/two', 'b/three'], ['b/two']])
})

it('a later page asks no vault that the caller is through with', async () => {
  await control.clear()
  expect(await lists()({ after: { vault: 'b', name: 'one' } })).toEqual([['b/three', 'b/two']])
  expect((await control.counts())['listSecrets']).toBe(1)
})

it('with a vault: that one alone; an unknown one is empty', async () => {
  expect(await lists()({ vault: 'a-b' })).toEqual([['a-b/one', 'a-b/three', 'a-b/two']])
  expect(await lists()({ vault: 'gateway' })).toEqual([[]])
})
