import { describe, expect, it } from 'vitest'
import { issuer, target } from '../../support/policy/documents.ts'
import { MAX_STALE, POLL, setup } from '../../support/policy/store.ts'

describe('the policy store', () => {
  it('503 no_policy: before the first apply, and serves as soon as one has passed', async () => {
    const { state, store, apply } = setup()
    await store.fresh()
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'no_policy' }))
    expect(store.status()).toEqual({ state: 'no_policy' })
    await apply(issuer('a'))
    state.seconds += POLL
    await store.fresh()
    expect(store.current().issuerOf('https://a.example')?.name).toBe('a')
    expect(store.status()).toEqual({ state: 'ok', revision: 1, ageSeconds: 0 })
  })

  it('503 policy_unavailable: when nothing was ever read', async () => {
    const { state, store, reported } = setup()
    state.down = true
    await store.fresh()
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'policy_unavailable' }))
    expect(store.status()).toEqual({ state: 'unavailable' })
    expect(reported).toEqual(['policy.unreachable'])
  })

  it('denies by the new set at the first call after the poll (T22)', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'), issuer('b'))
    await store.fresh()
    await apply(issuer('a'))
    state.seconds += POLL - 1
    await store.fresh()
    expect(store.current().issuerOf('https://b.example')).toBeDefined()
    state.seconds += 1
    await store.fresh()
    // The look is under way; a call within two intervals need not wait for it.
    await store.fresh()
    await store.refresh()
    expect(store.current().issuerOf('https://b.example')).toBeUndefined()
  })

  it('503 policy_unavailable: a clock that is set back makes no set last longer (T28)', async () => {
    const { state, store, apply } = setup()
    state.seconds = 7_200
    await apply(issuer('a'))
    await store.fresh()
    state.down = true
    state.seconds -= 3_600
    await store.fresh()
    expect(() => store.current()).toThrow(expect.objectContaining({ reason: 'policy_too_old' }))
    state.down = false
    await store.refresh()
    expect(store.current().revision).toBe(1)
  })

  it('looks at storage at once when the clock was set back (T22, T28)', async () => {
    const { state, store, apply } = setup()
    state.seconds = 7_200
    await apply(issuer('a'))
    await store.fresh()
    await apply(issuer('b'))
    state.seconds -= 3_600
    await store.fresh()
    expect(store.current().revision).toBe(2)
  })

  it('waits for the look at storage once it is overdue by an interval', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    await apply(issuer('b'))
    state.seconds += 2 * POLL
    await store.fresh()
    expect(store.current().revision).toBe(2)
  })

  it('costs one point read an interval while nothing changes, however many call', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    state.reads = 0
    for (let second = 0; second < 60; second++) {
      state.seconds++
      await Promise.all(Array.from({ length: 20 }, () => store.fresh()))
      await store.refresh.call(undefined).catch(() => {})
      state.reads--
    }
    expect(state.reads).toBeLessThanOrEqual(60 / POLL + 1)
  })

  it('serves the held set while storage is down, until it is too old, and recovers by itself', async () => {
    const { state, store, apply, reported } = setup()
    await apply(issuer('a'))
    await store.fresh()
    state.down = true
    state.seconds += MAX_STALE
    await store.fresh()
    expect(store.current().revision).toBe(1)
    expect(store.status()).toEqual({ state: 'stale', revision: 1, ageSeconds: MAX_STALE })
    state.seconds += 1
    expect(() => store.current()).toThrow(expect.objectContaining({ code: 'policy_unavailable' }))
    expect(store.status()).toMatchObject({ state: 'unavailable' })
    state.down = false
    state.seconds += POLL
    await store.fresh()
    await store.fresh()
    await store.refresh()
    expect(store.current().revision).toBe(1)
    expect(reported).toEqual(['policy.loaded', 'policy.unreachable'])
  })

  it('refuses MUTATE acts at once while storage is down (T11)', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    state.down = true
    await expect(store.refresh()).rejects.toMatchObject({ code: 'policy_unavailable' })
    expect(store.current().revision).toBe(1)
  })

  it('lets a MUTATE act see a change that was made before it asked (T11)', async () => {
    const { store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    const early = store.refresh()
    await apply(issuer('b'))
    await store.refresh()
    expect(store.current().revision).toBe(2)
    await early
  })

  it('shares one look among a thousand MUTATE acts that ask together', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    await store.fresh()
    state.reads = 0
    await Promise.all(Array.from({ length: 1_000 }, () => store.refresh()))
    expect(state.reads).toBeLessThanOrEqual(2)
  })

  it('never shows half a set while applies pass', async () => {
    const { store, apply } = setup()
    await apply(issuer('x0'), issuer('y0'))
    await store.fresh()
    let done = false
    const applies = (async () => {
      for (let at = 1; at <= 20; at++) {
        await apply(issuer(`x${at}`), issuer(`y${at}`))
      }
      done = true
    })()
    while (!done) {
      await store.refresh()
      const { revision, issuerOf } = store.current()
      expect(issuerOf(`https://x${revision - 1}.example`)).toBeDefined()
      expect(issuerOf(`https://y${revision - 1}.example`)).toBeDefined()
    }
    await applies
  })

  it('finds targets by name and by resource, byte for byte', async () => {
    const { store, apply } = setup()
    await apply(target('ledger', { resources: ['https://ledger.example/api'] }))
    await store.fresh()
    const snapshot = store.current()
    expect(snapshot.target('ledger')).toMatchObject({
      access: 'read',
      token: { algorithm: 'ES256', maxTtlSeconds: 3_600 },
    })
    expect(snapshot.targetByResource('https://ledger.example/api')?.name).toBe('ledger')
    for (const odd of [
      'https://ledger.example/api/',
      'HTTPS://ledger.example/api',
      'https://ledger.example/',
      'ledger',
      '',
    ]) {
      expect(snapshot.targetByResource(odd)).toBeUndefined()
    }
    expect(snapshot.target('constructor')).toBeUndefined()
  })

  it('polls by itself once started, and stops', async () => {
    const { state, store, apply } = setup()
    await apply(issuer('a'))
    store.start()
    store.start()
    await store.fresh()
    expect(store.current().revision).toBe(1)
    store.stop()
    expect(state.reads).toBeGreaterThan(0)
  })
})
