import { describe, expect, it } from 'vitest'
import { answered, HOUR, KEY, MINUTE, slowUpstream } from './support.ts'

describe('broker cache (S9, S10)', () => {
  it('makes one upstream request of 50 concurrent first calls, and tells where each token came from', async () => {
    const { requests, settled, get } = slowUpstream()
    const waiting = Array.from({ length: 50 }, () => get())
    await settled()
    expect(requests).toHaveLength(1)
    requests[0]?.give('one')
    const got = await Promise.all(waiting)
    expect(new Set(got.map(({ token, source }) => `${token} ${source}`))).toEqual(new Set(['one identity_provider']))
    expect(await get()).toMatchObject({ token: 'one', source: 'cache' })
    expect(requests).toHaveLength(1)
  })

  it('keeps tenants, identities, resources, scopes and claims apart (T21)', async () => {
    const { broker, fetch, requests, settled } = slowUpstream()
    const keys = [
      KEY,
      { ...KEY, tenant: 'u' },
      { ...KEY, identity: 'app:two' },
      { ...KEY, resource: 'https://api.test/' },
      { ...KEY, scopes: ['a'] },
      { ...KEY, scopes: ['a', 'b'] },
      { ...KEY, scopes: ['a b'] },
      { ...KEY, scopes: ['b', 'a'] },
    ]
    const waiting = [...keys.map((key) => broker.get(key, fetch)), broker.get(KEY, fetch, { claims: '{"x":1}' })]
    await settled()
    // The last key is that of two scopes in another order.
    expect(requests).toHaveLength(8)
    for (const [at, { give }] of requests.entries()) give(`token-${at}`)
    const tokens = (await Promise.all(waiting)).map(({ token }) => token)
    expect(tokens).toEqual([0, 1, 2, 3, 4, 5, 6, 5, 7].map((at) => `token-${at}`))
  })

  it('serves a token until 5 minutes before its end', async () => {
    const { requests, settled, pass, get, obtain } = slowUpstream()
    await obtain('one', HOUR)
    pass(55 * MINUTE - 1)
    expect(await get()).toMatchObject({ token: 'one', source: 'cache' })
    pass(1)
    const next = get()
    await settled()
    expect(requests).toHaveLength(2)
    requests[1]?.give('two')
    expect(await next).toMatchObject({ token: 'two', source: 'identity_provider' })
  })

  it.each([
    ['at half-life when it lives 2 h', 2 * HOUR, undefined, HOUR],
    ['when upstream says, however long it lives', 90 * MINUTE, 10 * MINUTE, 10 * MINUTE],
    ['when upstream says rather than at half-life', 10 * HOUR, 8 * HOUR, 8 * HOUR],
  ])('renews in the background %s', async (_, life, refresh, due) => {
    const { requests, settled, pass, get, obtain } = slowUpstream()
    await obtain('old', life, refresh)
    pass(due - 1)
    await get()
    await settled()
    expect(requests).toHaveLength(1)
    pass(1)
    const during = await Promise.all(Array.from({ length: 20 }, () => get()))
    expect(new Set(during.map(({ token, source }) => `${token} ${source}`))).toEqual(new Set(['old cache']))
    await settled()
    expect(requests).toHaveLength(2)
    requests[1]?.give('new', life)
    await settled()
    expect(await get()).toMatchObject({ token: 'new', source: 'cache' })
    expect(requests).toHaveLength(2)
  })

  it('renews a token of less than 2 h only near its end', async () => {
    const { requests, settled, pass, get, obtain } = slowUpstream()
    await obtain('one', 2 * HOUR - 1)
    pass(HOUR + 54 * MINUTE)
    expect((await get()).source).toBe('cache')
    await settled()
    expect(requests).toHaveLength(1)
  })

  it('keeps the old token until 5 minutes before its end while every renewal fails, and asks once per rest', async () => {
    const { requests, settled, pass, get, obtain } = slowUpstream()
    await obtain('old', 4 * HOUR)
    pass(2 * HOUR)
    for (let call = 0; call < 50; call += 1) {
      expect(await get()).toMatchObject({ token: 'old', source: 'cache' })
      await settled()
      requests[1]?.fail(new Error('connection reset'))
      await settled()
    }
    expect(requests).toHaveLength(2)
    pass(5_000)
    await get()
    await settled()
    expect(requests).toHaveLength(3)
    requests[2]?.fail(answered({ status: 500 }))
    await settled()
    pass(2 * HOUR - 5 * MINUTE - 5_000)
    const last = get()
    await settled()
    expect(requests).toHaveLength(4)
    requests[3]?.fail(answered({ status: 500 }))
    await expect(last).rejects.toMatchObject({ code: 'upstream_unavailable' })
  })

  it('asks again at once after a first request that got no answer: such a failure is not cached', async () => {
    const { requests, settled, get } = slowUpstream()
    const waiting = Array.from({ length: 5 }, () => get())
    await settled()
    requests[0]?.fail(new Error('canary: assertion eyJ'))
    const failures = await Promise.allSettled(waiting)
    for (const { reason } of failures as PromiseRejectedResult[]) {
      expect(reason).toMatchObject({ code: 'upstream_unavailable', reason: 'upstream_unreachable' })
      expect(String(reason)).not.toContain('canary')
      expect(reason.cause).toBeUndefined()
    }
    const again = get()
    await settled()
    expect(requests).toHaveLength(2)
    requests[1]?.give('one')
    expect((await again).token).toBe('one')
  })

  it('ends the wait of the caller who aborts, and of nobody else', async () => {
    const { requests, settled, get } = slowUpstream()
    const stop = new AbortController()
    const impatient = get({ signal: stop.signal })
    const patient = get({ signal: new AbortController().signal })
    await settled()
    stop.abort()
    await expect(impatient).rejects.toMatchObject({ name: 'AbortError' })
    await expect(get({ signal: stop.signal })).rejects.toMatchObject({ name: 'AbortError' })
    expect(requests[0]?.how.signal.aborted).toBe(false)
    requests[0]?.give('one')
    expect((await patient).token).toBe('one')
    expect(requests).toHaveLength(1)
  })

  it('gives up a request that is lost, so that nobody joins it for good', async () => {
    const { requests, settled, get } = slowUpstream({ requestLimitMs: 20 })
    await expect(get()).rejects.toMatchObject({ code: 'upstream_unavailable', reason: 'upstream_timeout' })
    const again = get()
    await settled()
    expect(requests[0]?.how.signal.aborted).toBe(true)
    requests[1]?.give('one')
    expect((await again).token).toBe('one')
  })

  it('refuses a token that has ended, has no end, or is empty', async () => {
    const { obtain } = slowUpstream()
    for (const [token, life] of [
      ['one', 0],
      ['one', Number.NaN],
      ['', HOUR],
    ] as const) {
      await expect(obtain(token, life)).rejects.toMatchObject({ reason: 'upstream_garbage' })
    }
  })

  it('stays bounded whatever is asked for', async () => {
    const { broker, fetch, requests, settled } = slowUpstream({ maxEntries: 10 })
    const waiting = Array.from({ length: 40 }, (_, at) => broker.get({ ...KEY, resource: `r${at}` }, fetch))
    await settled()
    for (const { give } of requests) give('one')
    await Promise.all(waiting)
    expect(broker.status()).toEqual({ tokens: 10, inFlight: 0, resting: 0, broken: 0 })
  })
})
