import { beforeAll, describe, expect, it } from 'vitest'
import { killAfter } from '../../../support/key-store.ts'
import { type KeyStore, keyStores, refusal, SECRETS } from './ring-fixture.ts'

let store: () => KeyStore

beforeAll(async () => {
  store = (await keyStores()).store
})

const versionsOf = async ({ vault }: KeyStore) =>
  Promise.all(SECRETS.map(async (name) => (await vault.versions(name)).length))

const kids = async (ring: { jwks(): Promise<{ keys: { kid?: string }[] }> }) =>
  (await ring.jwks()).keys.map(({ kid }) => kid).sort()

const LEASE_LIFE = 15_000

describe('first start', () => {
  it('makes an ES256 and an RS256 key, journal-master and value-hmac, with one row each, active at once', async () => {
    const one = store()
    const ring = one.open()
    await ring.ready()
    const rows = await one.rows()
    expect(rows.map(({ rowKey }) => String(rowKey).split('|').slice(0, 2).join('|'))).toEqual([
      'signing|ES256',
      'signing|RS256',
      'symmetric|journal-master',
      'symmetric|value-hmac',
    ])
    expect(rows.slice(0, 2).map(({ state }) => state)).toEqual(['active', 'active'])
    expect(await versionsOf(one)).toEqual([1, 1, 1, 1])
    expect((await ring.jwks()).keys.map(({ alg }) => alg)).toEqual(['ES256', 'RS256'])
  })

  it('reports the creation once, with versions and kids and nothing of the keys', async () => {
    const one = store()
    await one.open().ready()
    await one.open().ready()
    const created = one.told.filter(({ event }) => event === 'keys.created')
    expect(created).toHaveLength(1)
    expect(created[0]?.detail['keys']).toMatchObject([
      { secret: 'signing-es256', alg: 'ES256', adopted: false },
      { secret: 'signing-rs256', alg: 'RS256', adopted: false },
      { secret: 'journal-master', adopted: false },
      { secret: 'value-hmac', adopted: false },
    ])
    const written = JSON.stringify([one.told, await one.rows()])
    for (const name of SECRETS) {
      const secretParts = (await one.vault.get(name)).value.within((text) => text.match(/[A-Za-z0-9+/_-]{43,}/g) ?? [])
      expect(secretParts.length).toBeGreaterThan(0)
      expect(secretParts.some((part) => written.includes(part))).toBe(false)
    }
  })

  it('gives the same four keys to every later process', async () => {
    const one = store()
    const [first, second] = [one.open(), one.open()]
    await first.ready()
    await second.ready()
    expect(await kids(second)).toEqual(await kids(first))
    const same = [await first.journalMaster(), await second.journalMaster()].map((key) => key.within((text) => text))
    expect(new Set(same).size).toBe(1)
    const hmac = (await first.valueHmac()).within((text) => text)
    expect(hmac).not.toBe(same[0])
  })
})

describe('two instances at once', () => {
  it('make one set; the slower ones answer keys_unavailable and then use it', async () => {
    const one = store()
    const rings = Array.from({ length: 4 }, () => one.open())
    const outcomes = await Promise.all(rings.map((ring) => refusal(ring.ready())))
    expect(outcomes).toContain('done')
    expect(
      outcomes.filter((outcome) => !/^done$|^keys_unavailable (keys_being_created|fence_raised)$/.test(outcome)),
    ).toEqual([])
    one.clock.now += 2_000
    await Promise.all(rings.map((ring) => ring.ready()))
    expect(await versionsOf(one)).toEqual([1, 1, 1, 1])
    expect(await one.rows()).toHaveLength(4)
    const sets = await Promise.all(rings.map(kids))
    expect(new Set(sets.map(String)).size).toBe(1)
  })

  it.each([
    ['its renewal', 3, 'lease_lost'],
    ['the vault', 4, 'fence_raised'],
    ['its row', 5, 'fence_raised'],
  ])('one that was asleep before %s while its lease ran out adds no row', async (_what, at, reason) => {
    const one = store()
    let writes = 0
    const [asleep, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const sleeper = one.open({
      around: async (act) => {
        if (++writes === at) {
          reached.resolve()
          await asleep.promise
        }
        return act()
      },
    })
    const slept = refusal(sleeper.ready())
    await reached.promise
    one.clock.now += LEASE_LIFE + 1
    const other = one.open()
    await other.ready()
    asleep.resolve()
    expect(await slept).toBe(`keys_unavailable ${reason}`)
    expect(await one.rows()).toHaveLength(4)
    one.clock.now += 2_000
    await sleeper.ready()
    expect(await kids(sleeper)).toEqual(await kids(other))
  })
})

describe('killed after any of its writes', () => {
  it('leaves something the next start completes: four rows, one version each', { timeout: 60_000 }, async () => {
    const complete = async (writes: number) => {
      const one = store()
      const kill = killAfter(writes)
      const first = await refusal(one.open(kill).ready())
      const died = kill.killed()
      one.clock.now += LEASE_LIFE + 1
      const ring = one.open()
      await ring.ready()
      const rows = await one.rows()
      return { first, died, rows: rows.length, versions: await versionsOf(one), keys: (await kids(ring)).length }
    }
    // Lease, fence, four times (renewal, vault, row), release.
    const outcomes = []
    for (let writes = 1; writes <= 15; writes += 3) {
      outcomes.push(...(await Promise.all([0, 1, 2].map((more) => complete(writes + more)))))
    }
    expect(outcomes.map(({ died }) => died)).toEqual(Array(15).fill(true))
    for (const { rows, versions, keys } of outcomes) {
      expect({ rows, versions, keys }).toEqual({ rows: 4, versions: [1, 1, 1, 1], keys: 2 })
    }
  })

  it('blocks the others for the rest of the lease only', async () => {
    const one = store()
    await refusal(one.open(killAfter(6)).ready())
    const other = one.open()
    expect(await refusal(other.ready())).toBe('keys_unavailable keys_being_created')
    one.clock.now += LEASE_LIFE + 1
    expect(await refusal(other.ready())).toBe('done')
  })
})
