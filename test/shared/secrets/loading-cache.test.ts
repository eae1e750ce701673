import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import { createLoadingCache } from '../../../shared/secrets/loading-cache.ts'

function cacheOf({ maxEntries = 100, maxBytes = 1_000_000, random = (): number => 0 } = {}) {
  const clock = { at: 0 }
  const deps = {
    now: () => clock.at,
    ttlMs: 1_000,
    maxEntries,
    maxBytes,
    bytesOf: (text: string) => text.length,
    random,
  }
  return { clock, cache: createLoadingCache<string>(deps) }
}

describe('loading cache', () => {
  it('is bounded by entries and by bytes; what was evicted is a miss, no more (T34)', async () => {
    const { cache } = cacheOf({ maxEntries: 100, maxBytes: 20_000 })
    for (let n = 0; n < 10_000; n += 1) await cache.read(`v/${n}/`, async () => 'x')
    expect(cache.size().entries).toBeLessThanOrEqual(100)
    for (let n = 0; n < 100; n += 1) await cache.read(`v/big-${n}/`, async () => 'x'.repeat(5_000))
    expect(cache.size().bytes).toBeLessThanOrEqual(20_000)
    let loads = 0
    await cache.read('v/0/', async () => {
      loads += 1
      return 'x'
    })
    expect(loads).toBe(1)
  })

  it('what does not exist crowds no value out, however much of it is asked for (T34)', async () => {
    const { cache } = cacheOf()
    await cache.read('v/a/', async () => 'x')
    const missing = () => Promise.reject(new GatewayError('secret_not_found', 'none'))
    for (let n = 0; n < 2_000; n += 1) await cache.read(`v/b/${n}`, missing).catch(() => undefined)
    expect(await cache.read('v/a/', () => Promise.reject(new Error('loaded again')))).toMatchObject({ value: 'x' })
  })

  it('what was refused takes the place of the value, and the other way round', async () => {
    const { cache, clock } = cacheOf()
    const missing = () => Promise.reject(new GatewayError('secret_not_found', 'none'))
    await cache.read('v/a/', async () => 'old')
    clock.at = 2_000
    await expect(cache.read('v/a/', missing)).rejects.toMatchObject({ code: 'secret_not_found' })
    await expect(cache.read('v/a/', async () => 'new')).rejects.toMatchObject({ code: 'secret_not_found' })
    cache.drop('v/a/')
    expect(await cache.read('v/a/', async () => 'new')).toMatchObject({ value: 'new' })
  })

  it('a clock that is set back keeps nothing longer than its time (T28)', async () => {
    const { cache, clock } = cacheOf()
    clock.at = 3_600_000
    await cache.read('v/a/', async () => 'old')
    clock.at = 0
    expect(await cache.read('v/a/', async () => 'new')).toMatchObject({ value: 'new' })
  })

  it('a value larger than the whole cache is served and not kept', async () => {
    const { cache } = cacheOf({ maxBytes: 1_000 })
    expect(await cache.read('v/a/', async () => 'x'.repeat(5_000))).toMatchObject({ stale: false })
    expect(cache.size().entries).toBe(0)
  })

  it('entries end up to a tenth before their time, never after it', async () => {
    for (const [random, time] of [
      [0, 1_000],
      [0.999_999, 901],
    ] as const) {
      const { cache, clock } = cacheOf({ random: () => random })
      let loads = 0
      const read = () =>
        cache.read('v/a/', async () => {
          loads += 1
          return 'x'
        })
      await read()
      clock.at = time - 2
      await read()
      expect(loads).toBe(1)
      clock.at = 1_000
      await read()
      expect(loads).toBe(2)
    }
  })

  it('what changes while it loads is not kept, and who comes after the change waits for a new load', async () => {
    const { cache } = cacheOf()
    const answers: ((text: string) => void)[] = []
    const read = () => cache.read('v/a/', () => new Promise<string>((resolve) => answers.push(resolve)))
    const before = read()
    await Promise.resolve()
    await Promise.resolve()
    cache.drop('v/a/')
    const after = read()
    await Promise.resolve()
    await Promise.resolve()
    expect(answers).toHaveLength(2)
    answers[0]?.('old')
    expect(await before).toMatchObject({ value: 'old' })
    const later = read()
    answers[1]?.('new')
    expect(await after).toMatchObject({ value: 'new' })
    expect(await later).toMatchObject({ value: 'new' })
    expect(answers).toHaveLength(2)
  })

  it('dropping one secret spares those whose names begin the same', async () => {
    const { cache } = cacheOf()
    for (const key of ['v/a/', 'v/a/1', 'v/ab/', 'w/a/']) await cache.read(key, async () => 'x')
    cache.drop('v/a/')
    expect(cache.size().entries).toBe(2)
    cache.drop('v/')
    expect(cache.size().entries).toBe(1)
  })

  it('only a throttled load falls back to a value past its time', async () => {
    for (const [reason, falls] of [
      ['vault_throttled', true],
      ['vault_unreachable', false],
      ['vault_breaker_open', false],
      ['vault_forbidden', false],
    ] as const) {
      const { cache, clock } = cacheOf()
      await cache.read('v/a/', async () => 'old')
      clock.at = 2_000
      const failing = cache.read('v/a/', async () => {
        throw new GatewayError('vault_unavailable', reason)
      })
      if (falls) expect(await failing).toEqual({ value: 'old', stale: true })
      else await expect(failing).rejects.toMatchObject({ reason })
    }
  })

  it('an unexpected failure of a load reaches every waiter and is not kept', async () => {
    const { cache } = cacheOf()
    const read = () => cache.read('v/a/', () => Promise.reject(new TypeError('bug')))
    const outcomes = await Promise.allSettled([read(), read(), read()])
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(await cache.read('v/a/', async () => 'fine')).toMatchObject({ value: 'fine' })
  })
})
