import { beforeAll, describe, expect, it } from 'vitest'
import type { Entry, SystemEntry } from '../../../../../shared/audit/entry.ts'
import { GatewayError } from '../../../../../shared/errors.ts'
import { KEY_LIFE } from '../../../../../shared/tokens/keys/rotation/plan-rotation.ts'
import { rotateKeys } from '../../../../../shared/tokens/keys/rotation/rotate-keys.ts'
import { generateSigningSecret } from '../../../../../shared/tokens/keys/signing-key.ts'
import { killAfter, type Watch, watchTable, watchVault } from '../../../../support/key-store.ts'
import { type KeyStore, keyStores, refusal } from '../ring-fixture.ts'

let store: () => KeyStore

beforeAll(async () => {
  store = (await keyStores()).store
})

const MINUTE = 60_000
const LEASE_LIFE = 15_000
const AHEAD = KEY_LIFE.activeMs - KEY_LIFE.preparedAheadMs

/** Making an RSA key takes longer than everything else here: the first one of every store is this. */
const rsa = generateSigningSecret('RS256')

/** A store with its four keys and a rotation over it. */
async function rotated(one = store()) {
  await one.vault.set('signing-rs256', { value: await rsa })
  const ring = one.open()
  await ring.ready()
  const entries: Entry[] = []
  const journal = {
    record: async (entry: Entry) => {
      entries.push(entry)
      return { wid: 'w', seq: entries.length, macPrefix: 'm' }
    },
    follow: (entry: Entry) => void entries.push(entry),
  }
  const rotate = (watch?: Watch, more: Partial<Parameters<typeof rotateKeys>[0]> = {}) =>
    rotateKeys({
      keys: watch ? watchTable(one.keys, watch) : one.keys,
      leases: watch ? watchTable(one.leases, watch) : one.leases,
      vault: watch ? watchVault(one.vault, watch) : one.vault,
      now: () => one.clock.now,
      report: (event, detail) => one.told.push({ event, detail }),
      journal,
      clockSkewMs: () => 0,
      ...more,
    })
  const pass = async (ms: number) => {
    one.clock.now += ms
  }
  /** `ES256 active`, … oldest first, and how many versions of each secret are enabled. */
  const state = async () => {
    const rows = (await one.rows()).filter(({ rowKey }) => String(rowKey).startsWith('signing|'))
    const sorted = rows.toSorted((a, b) => (String(a['createdAt']) < String(b['createdAt']) ? -1 : 1))
    return sorted.map(({ rowKey, state }) => `${String(rowKey).split('|')[1]} ${state}`).sort()
  }
  const enabled = async () =>
    Promise.all(
      ['signing-es256', 'signing-rs256'].map(async (name) => {
        const versions = await one.vault.versions(name)
        return versions.filter(({ enabled: is }) => is).length
      }),
    )
  const system = () => entries as SystemEntry[]
  return { ...one, ring, rotate, pass, state, enabled, entries: system }
}

const kids = async ({ ring }: { ring: { jwks(): Promise<{ keys: { kid?: string }[] }> } }) =>
  (await ring.jwks()).keys.map(({ kid }) => kid)

/** A process started anew: what every instance has within two minutes. */
const fresh = async (one: KeyStore) => {
  const ring = one.open()
  await ring.ready()
  return ring
}

describe('the life of a signing key on Azurite and Key Vault', () => {
  it('prepared, then it signs, then it retires, then it is gone: row and version', { timeout: 30_000 }, async () => {
    const on = await rotated()
    const first = (await on.ring.signer('ES256')).kid
    expect(await on.rotate()).toEqual({ outcome: 'nothing_due', steps: [] })
    await on.pass(AHEAD)
    expect((await on.rotate()).steps.map(({ act, alg }) => `${act} ${alg}`)).toEqual(['prepare ES256', 'prepare RS256'])
    expect(await on.state()).toEqual(['ES256 active', 'ES256 prepared', 'RS256 active', 'RS256 prepared'])
    const published = await fresh(on)
    expect(await kids({ ring: published })).toHaveLength(4)
    expect((await published.signer('ES256')).kid).toBe(first)

    await on.pass(KEY_LIFE.preparedAheadMs)
    expect((await on.rotate()).steps.map(({ act }) => act)).toEqual(['activate', 'activate'])
    expect(await on.state()).toEqual(['ES256 active', 'ES256 retiring', 'RS256 active', 'RS256 retiring'])
    const moved = await fresh(on)
    expect((await moved.signer('ES256')).kid).not.toBe(first)
    expect(await kids({ ring: moved })).toContain(first)

    await on.pass(KEY_LIFE.retiringMs)
    expect((await on.rotate()).steps.map(({ act }) => act)).toEqual(['remove', 'remove'])
    expect(await on.state()).toEqual(['ES256 active', 'RS256 active'])
    expect(await on.enabled()).toEqual([1, 1])
    expect(await kids({ ring: await fresh(on) })).not.toContain(first)
    expect(await on.rotate()).toEqual({ outcome: 'nothing_due', steps: [] })
  })

  it('is in the journal: an intent before, a result after, under one txn, nothing where nothing is due', async () => {
    const on = await rotated()
    await on.rotate()
    expect(on.entries()).toEqual([])
    await on.pass(AHEAD)
    await on.rotate()
    expect(on.entries()).toMatchObject([
      {
        kind: 'system',
        event: 'keys.rotation',
        detail: { phase: 'intent', steps: [{ act: 'prepare' }, { act: 'prepare' }] },
      },
      { detail: { phase: 'result', outcome: 'ok', steps: [{ alg: 'ES256', adopted: false }, { alg: 'RS256' }] } },
    ])
    const [intent, result] = on.entries()
    expect(intent?.detail['txn']).toBe(result?.detail['txn'])
    const { value } = await on.vault.get('signing-es256')
    expect(value.within((pem) => JSON.stringify([on.entries(), on.told]).includes(pem.slice(40, 90)))).toBe(false)
  })

  it('503 journal_unavailable: without a durable intent nothing is done (T27)', async () => {
    const on = await rotated()
    await on.pass(AHEAD)
    const record = async () => {
      throw new GatewayError('journal_unavailable', 'down')
    }
    const journal = { record, follow: () => {} }
    expect(await refusal(on.rotate(undefined, { journal }))).toBe('journal_unavailable down')
    expect(await on.enabled()).toEqual([1, 1])
    expect(await on.state()).toEqual(['ES256 active', 'RS256 active'])
  })

  it.each([undefined, 60_001, -3_600_000])(
    '503 keys_unavailable: storage’s clock is %s ms off ours (T28)',
    async (skew) => {
      const on = await rotated()
      await on.pass(AHEAD)
      expect(await refusal(on.rotate(undefined, { clockSkewMs: () => skew }))).toBe(
        'keys_unavailable rotation_clock_off',
      )
      expect(await on.state()).toEqual(['ES256 active', 'RS256 active'])
    },
  )

  it('a key that was disabled in the vault is replaced, ten minutes after its successor was published', async () => {
    const on = await rotated()
    const { version } = await on.vault.get('signing-es256')
    await on.vault.setEnabled('signing-es256', version, false)
    await on.rotate()
    expect(await on.state()).toEqual(['ES256 active', 'ES256 prepared', 'RS256 active'])
    await on.pass(KEY_LIFE.preparedMs)
    await on.rotate()
    expect(await on.state()).toEqual(['ES256 active', 'ES256 retiring', 'RS256 active'])
    expect((await (await fresh(on)).signer('ES256')).kid).toBeDefined()
  })

  it('a row that names the version of a key that signs takes only itself away (T24)', async () => {
    const on = await rotated()
    const { version } = await on.vault.get('signing-es256')
    const since = new Date(on.clock.now - KEY_LIFE.retiringMs).toISOString()
    const lie = {
      partitionKey: 'keys',
      rowKey: 'signing|ES256|lie',
      secretVersion: version,
      jwk: '{}',
      state: 'retiring',
    }
    await on.keys.insert({ ...lie, createdAt: since, since })
    expect((await on.rotate()).steps).toMatchObject([{ act: 'remove', kid: 'lie' }])
    expect(await on.enabled()).toEqual([1, 1])
    expect(await on.state()).toEqual(['ES256 active', 'RS256 active'])
  })
})

describe('two instances at once', () => {
  it('make one key each, whoever comes first', async () => {
    const on = await rotated()
    await on.pass(AHEAD)
    const outcomes = await Promise.all(
      Array.from({ length: 4 }, () => on.rotate().then(({ outcome }) => outcome, String)),
    )
    expect(outcomes.filter((outcome) => outcome === 'rotated')).toHaveLength(1)
    await on.pass(LEASE_LIFE + 1)
    await on.rotate()
    expect(await on.state()).toEqual(['ES256 active', 'ES256 prepared', 'RS256 active', 'RS256 prepared'])
    expect(await on.enabled()).toEqual([2, 2])
  })

  it('one that slept while its lease ran out writes nothing more', async () => {
    const on = await rotated()
    await on.pass(AHEAD)
    let writes = 0
    const [asleep, reached] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slept = refusal(
      on.rotate({
        around: async (act) => {
          // Lease, fence, renewal, vault; the fifth is its row.
          if (++writes === 5) {
            reached.resolve()
            await asleep.promise
          }
          return act()
        },
      }),
    )
    await reached.promise
    await on.pass(LEASE_LIFE + 1)
    await on.rotate()
    asleep.resolve()
    expect(await slept).toBe('keys_unavailable fence_raised')
    expect(await on.state()).toEqual(['ES256 active', 'ES256 prepared', 'RS256 active', 'RS256 prepared'])
    expect(await on.enabled()).toEqual([2, 2])
  })
})

describe('killed after any of its writes', () => {
  /** One algorithm is enough here, and is half the time. */
  async function without({ keys, rows }: KeyStore, alg: string) {
    const row = (await rows()).find(({ rowKey }) => String(rowKey).includes(alg))
    await keys.remove('keys', String(row?.['rowKey']), String(row?.['etag']))
  }

  /** One whole life in three ticks, the given one killed after its n-th write and run again. */
  async function life(killedTick: number, writes: number) {
    const on = await rotated()
    await without(on, 'RS256')
    let died = false
    for (const [tick, ms] of [AHEAD, KEY_LIFE.preparedAheadMs, KEY_LIFE.retiringMs].entries()) {
      await on.pass(ms)
      if (tick === killedTick) {
        const kill = killAfter(writes)
        await refusal(on.rotate(kill))
        died = kill.killed()
        await on.pass(LEASE_LIFE + 1)
      }
      await on.rotate()
    }
    await on.pass(MINUTE)
    return { died, state: await on.state(), enabled: await on.enabled(), again: (await on.rotate()).outcome }
  }

  // Lease, fence, renewal, vault, row, release; activation has no vault write.
  it.each([
    [0, 6],
    [1, 5],
    [2, 6],
  ])('tick %d of a life ends where one that was not killed ends', { timeout: 60_000 }, async (tick, most) => {
    const counts = Array.from({ length: most }, (_, index) => index + 1)
    const outcomes = await Promise.all(counts.map((count) => life(tick, count)))
    expect(outcomes.map(({ died }) => died)).toEqual(Array(most).fill(true))
    for (const { state, enabled, again } of outcomes) {
      expect({ state, enabled, again }).toEqual({
        state: ['ES256 active'],
        enabled: [1, 1],
        again: 'nothing_due',
      })
    }
  })
})
