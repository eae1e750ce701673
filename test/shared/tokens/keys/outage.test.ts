import { createLocalJWKSet, jwtVerify } from 'jose'
import { beforeAll, describe, expect, it } from 'vitest'
import { StorageError } from '../../../../shared/azure/table.ts'
import { type KeyStore, keyStores, refusal } from './ring-fixture.ts'

type Fixture = Awaited<ReturnType<typeof keyStores>>

let fixture: Fixture

beforeAll(async () => {
  fixture = await keyStores()
})

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Storage that can be switched off. */
function switchable() {
  let down = false
  const watch = {
    before: async () => {
      if (down) throw new StorageError('unreachable')
    },
    around: <T>(act: () => Promise<T>) => act(),
  }
  return {
    watch,
    set: (state: boolean) => {
      down = state
    },
  }
}

async function loaded() {
  const one = fixture.store()
  const storage = switchable()
  const ring = one.open(storage.watch)
  await ring.ready()
  return { ...one, ring, storage }
}

/** Lets background work end: two rounds trips to storage are more than enough of the event loop. */
const settle = async ({ keys }: KeyStore) => {
  for (let round = 0; round < 3; round++) await keys.get('keys', '_fence')
}

describe('storage goes down after the keys were loaded', () => {
  it('signs for an hour and publishes for a day, then keys_unavailable; recovers by itself', async () => {
    const { ring, storage, clock } = await loaded()
    storage.set(true)
    clock.now += HOUR
    const signer = await ring.signer('ES256')
    const { keys } = await ring.jwks()
    const token = await signer.sign({ sub: 'a' }, 'at+jwt')
    await jwtVerify(token, createLocalJWKSet({ keys }), { typ: 'at+jwt' })
    expect(ring.status()).toEqual({ state: 'stale', ageSeconds: 3_600, leftOut: 0 })
    clock.now += MINUTE
    expect(await refusal(ring.signer('ES256'))).toBe('keys_unavailable keys_unreachable')
    expect((await ring.jwks()).keys).toHaveLength(2)
    expect(ring.status().state).toBe('unavailable')
    clock.now += 23 * HOUR
    expect(await refusal(ring.jwks())).toBe('keys_unavailable keys_unreachable')
    expect((await ring.valueHmac()).within((text) => text.length)).toBe(43)
    storage.set(false)
    clock.now += 2_000
    await ring.jwks()
    expect((await ring.signer('ES256')).kid).toBe(signer.kid)
    expect(ring.status().state).toBe('ok')
  })

  it('asks again at most once a second, whatever is asked of it', async () => {
    const { ring, storage, clock, told } = await loaded()
    storage.set(true)
    clock.now += 10 * MINUTE
    await Promise.all(Array.from({ length: 50 }, () => ring.signer('ES256')))
    await Promise.all(Array.from({ length: 50 }, () => ring.jwks()))
    expect(told.filter(({ event }) => event === 'keys.not_read')).toHaveLength(1)
  })
})

describe('the vault goes down after the keys were loaded', () => {
  it('takes nothing away: rows are re-read, keys stay trusted', async () => {
    const { ring, clock, told } = await loaded()
    const vault = fixture.rig.vaultControl('gateway')
    await vault.fault({ kind: 'fail', status: 500, times: 100 })
    try {
      clock.now += 3 * HOUR
      const algorithms = (await ring.jwks()).keys.map(({ alg }) => alg)
      expect([algorithms, ring.status().state]).toEqual([['ES256', 'RS256'], 'ok'])
      expect(told.filter(({ event }) => event === 'keys.left_out')).toEqual([])
    } finally {
      await vault.clear()
    }
  })
})

describe('nothing was loaded yet', () => {
  it('503 keys_unavailable while the vault is down, nothing half made; then it starts', async () => {
    const one = fixture.store()
    const ring = one.open()
    const vault = fixture.rig.vaultControl('gateway')
    await vault.fault({ kind: 'fail', status: 503, times: 100 })
    try {
      expect(await refusal(ring.ready())).toMatch(/^keys_unavailable keys_vault_/)
      expect(await one.rows()).toEqual([])
      expect(ring.status()).toEqual({ state: 'unavailable' })
    } finally {
      await vault.clear()
    }
    one.clock.now += 2_000
    await ring.ready()
    expect(await one.rows()).toHaveLength(4)
  })

  it('503 keys_unavailable while storage is down, with Retry-After', async () => {
    const one = fixture.store()
    const storage = switchable()
    storage.set(true)
    const ring = one.open(storage.watch)
    await expect(ring.signer('ES256')).rejects.toMatchObject({
      code: 'keys_unavailable',
      reason: 'keys_unreachable',
      extras: { retryAfterSeconds: 2 },
    })
  })
})

describe('another instance changes the table', () => {
  it('is seen a minute later, not before', async () => {
    const { ring, keys, clock, ...one } = await loaded()
    await ring.signer('ES256')
    for await (const { etag, ...row } of keys.list({ partitionKey: 'keys', rowFrom: 'signing|ES256' })) {
      await keys.replace({ ...row, partitionKey: 'keys', state: 'retiring' } as typeof row & { rowKey: string }, etag)
      break
    }
    clock.now += MINUTE - 1
    await ring.signer('ES256')
    clock.now += 2
    await ring.signer('ES256')
    await settle({ keys, clock, ...one })
    await expect.poll(() => refusal(ring.signer('ES256'))).toBe('keys_unavailable no_active_key')
    expect((await ring.jwks()).keys).toHaveLength(2)
  })

  it('is seen at once by an instance that slept through two polls', async () => {
    const { ring, keys, clock } = await loaded()
    for await (const { etag, ...row } of keys.list({ partitionKey: 'keys', rowFrom: 'signing|ES256' })) {
      await keys.replace({ ...row, partitionKey: 'keys', state: 'retiring' } as typeof row & { rowKey: string }, etag)
      break
    }
    clock.now += 30 * MINUTE
    expect(await refusal(ring.signer('ES256'))).toBe('keys_unavailable no_active_key')
  })
})
