import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../../shared/tokens/broker/broker-key.ts'
import { answered, HOUR, KEY, slowUpstream } from './support.ts'

describe('throttles and breakers of the broker (S9)', () => {
  it.each([
    ['429 with Retry-After 30', { status: 429, retryAfterSeconds: 30 }, 30],
    ['429 without Retry-After', { status: 429 }, 5],
    ['503 without Retry-After', { status: 503 }, 5],
    ['Retry-After of a day', { status: 503, retryAfterSeconds: 86_400 }, 3_600],
  ])('%s: the key rests, others do not', async (_, answer, seconds) => {
    const { broker, fetch, requests, settled, pass, get } = slowUpstream()
    const first = get()
    await settled()
    requests[0]?.fail(answered(answer))
    await expect(first).rejects.toMatchObject({ code: 'upstream_unavailable', extras: { retryAfterSeconds: seconds } })
    pass(1_000)
    for (let call = 0; call < 50; call += 1) {
      await expect(get()).rejects.toMatchObject({ extras: { retryAfterSeconds: seconds - 1 } })
    }
    expect(requests).toHaveLength(1)
    const other = broker.get({ ...KEY, resource: 'https://other.test' }, fetch)
    await settled()
    expect(requests).toHaveLength(2)
    requests[1]?.give('other')
    expect((await other).token).toBe('other')
    pass(seconds * 1_000 - 1_000)
    const after = get()
    await settled()
    expect(requests).toHaveLength(3)
    requests[2]?.give('one')
    expect((await after).token).toBe('one')
  })

  it('a clock that is set back does not lengthen a rest', async () => {
    const { requests, settled, pass, get } = slowUpstream()
    const first = get()
    await settled()
    requests[0]?.fail(answered({ status: 429, retryAfterSeconds: 30 }))
    await expect(first).rejects.toThrow()
    pass(-HOUR)
    get().catch(() => undefined)
    await settled()
    expect(requests).toHaveLength(2)
  })

  it('a renewal that is throttled leaves the old token and upstream alone', async () => {
    const { requests, settled, pass, get, obtain } = slowUpstream()
    await obtain('old', 4 * HOUR)
    pass(3 * HOUR)
    await get()
    await settled()
    requests[1]?.fail(answered({ status: 429, retryAfterSeconds: 60 }))
    await settled()
    pass(59_000)
    expect(await get()).toMatchObject({ token: 'old', source: 'cache' })
    await settled()
    expect(requests).toHaveLength(2)
  })

  it.each(['invalid_grant', 'invalid_client'])(
    '%s: a wrong password is never tried again, for any resource, before its version changes',
    async (error) => {
      const { broker, fetch, requests, settled, pass, get } = slowUpstream()
      const first = get({ credentialVersion: 'v1' })
      await settled()
      requests[0]?.fail(answered({ status: 400, error }))
      await expect(first).rejects.toMatchObject({ code: 'upstream_refused', reason: `upstream_${error}` })
      for (let day = 0; day < 30; day += 1) {
        pass(24 * HOUR)
        const others = [{}, { claims: '{"x":1}' }, { badTokenHash: 'ab' }].map((options) =>
          get({ ...options, credentialVersion: 'v1' }),
        )
        const elsewhere = broker.get({ ...KEY, resource: 'r2' }, fetch, { credentialVersion: 'v1' })
        for (const answer of await Promise.allSettled([...others, elsewhere])) {
          expect(answer).toMatchObject({ reason: { code: 'upstream_refused' } })
        }
      }
      expect(requests).toHaveLength(1)
      expect(broker.status().broken).toBe(1)
      const mended = get({ credentialVersion: 'v2' })
      await settled()
      expect(requests).toHaveLength(2)
      requests[1]?.give('one')
      expect((await mended).token).toBe('one')
      expect(broker.status().broken).toBe(0)
    },
  )

  it('a refused assertion, which has no version, is tried again after a minute', async () => {
    const { requests, settled, pass, get } = slowUpstream()
    const first = get()
    await settled()
    requests[0]?.fail(answered({ status: 401, error: 'invalid_client' }))
    await expect(first).rejects.toThrow()
    pass(59_999)
    await expect(get()).rejects.toMatchObject({ code: 'upstream_refused', extras: { retryAfterSeconds: 1 } })
    pass(1)
    get().catch(() => undefined)
    await settled()
    expect(requests).toHaveLength(2)
  })
})

describe('claims challenges (S9)', () => {
  it('never serves the named token again, to nobody, whether upstream gives another or the same', async () => {
    const { requests, settled, get, obtain } = slowUpstream()
    await obtain('revoked', 4 * HOUR)
    const badTokenHash = sha256Hex('revoked')
    const challenged = get({ claims: '{"nbf":1}', badTokenHash })
    const unchallenged = get()
    await settled()
    expect(requests).toHaveLength(3)
    expect(requests[1]?.how).toMatchObject({ claims: '{"nbf":1}', badTokenHash })
    requests[1]?.give('revoked')
    requests[2]?.give('revoked')
    for (const answer of await Promise.allSettled([challenged, unchallenged])) {
      expect(answer).toMatchObject({ reason: { reason: 'upstream_challenged_token_again' } })
    }
  })

  it('20 challenges at once cost one request, and the new token serves those who make none', async () => {
    const { requests, settled, get, obtain } = slowUpstream()
    await obtain('revoked', 4 * HOUR)
    const challenges = Array.from({ length: 20 }, () => get({ claims: '{"nbf":1}' }))
    await settled()
    expect(requests).toHaveLength(2)
    requests[1]?.give('fresh', 4 * HOUR)
    expect(new Set((await Promise.all(challenges)).map(({ token }) => token))).toEqual(new Set(['fresh']))
    expect(await get()).toMatchObject({ token: 'fresh', source: 'cache' })
    expect(await get({ claims: '{"nbf":1}' })).toMatchObject({ token: 'fresh', source: 'cache' })
    const second = get({ claims: '{"nbf":2}' })
    await settled()
    expect(requests).toHaveLength(3)
    requests[2]?.give('fresher')
    expect((await second).token).toBe('fresher')
    expect(await get()).toMatchObject({ token: 'fresher' })
  })

  it('a request that ran before the challenge cannot bring the named token back', async () => {
    const { requests, settled, pass, get, obtain } = slowUpstream()
    await obtain('revoked', 4 * HOUR)
    pass(3 * HOUR)
    await get()
    await settled()
    const challenge = get({ claims: 'c', badTokenHash: sha256Hex('revoked') })
    await settled()
    requests[2]?.give('fresh')
    await challenge
    requests[1]?.give('revoked')
    await settled()
    expect((await get()).token).toBe('fresh')
  })
})
