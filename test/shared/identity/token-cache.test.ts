import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../shared/identity/limits.ts'
import { createTokenCache, type VerifiedToken } from '../../../shared/identity/token-cache.ts'
import { CONTOSO, createDoor, EC, GITHUB, KEY, outcome } from './support/door.ts'
import { AUDIENCE, entraClaims, HOME, NOON, oidcClaims, token } from './support/tokens.ts'

const text = token(entraClaims(), KEY)

describe('a token seen before', () => {
  it('passes without another read or signature check, validated now', async () => {
    const door = createDoor()
    const first = await door.authenticate(text)
    const { fetched } = door
    door.clock.now += 1_000
    const again = await door.authenticate(text)
    expect(fetched).toHaveLength(2)
    expect(again).toEqual({ ...first, validatedAt: NOON + 1_000 })
    expect(again.claims).toBe(first.claims)
    expect(Object.isFrozen(again)).toBe(true)
  })

  it('401 token_expired once it has expired, and is forgotten', async () => {
    const door = createDoor()
    await door.authenticate(text)
    door.clock.now = NOON + 3_600_000 + 59_999
    expect(await outcome(door, text)).toBe('passed')
    door.clock.now += 1
    expect(await outcome(door, text)).toBe('invalid_token token_expired')
    expect(door.status().cachedTokens).toBe(0)
  })

  it('401 token_not_yet_valid when the clock was set back', async () => {
    const door = createDoor()
    await door.authenticate(text)
    door.clock.now -= 10 * 60_000
    expect(await outcome(door, text)).toBe('invalid_token token_not_yet_valid')
  })

  it('401 issuer_not_trusted at once when its issuer is trusted no more', async () => {
    const door = createDoor()
    await door.authenticate(text)
    door.issuers.length = 0
    expect(await outcome(door, text)).toBe('invalid_token issuer_not_trusted')
  })

  it.each([
    ['audiences', { audiences: ['api://other'] }, 'audience_not_exact'],
    ['algorithms', { algorithms: ['ES256' as const] }, 'alg_not_allowed'],
    ['lifetime', { maxLifetimeSeconds: 60 }, 'lifetime_too_long'],
  ])('is checked against the changed %s of its issuer’s document', async (_, change, reason) => {
    const door = createDoor()
    await door.authenticate(text)
    door.issuers[0] = { ...CONTOSO, ...change }
    expect(await outcome(door, text)).toBe(`invalid_token ${reason}`)
  })

  it('makes the principal of the renamed document', async () => {
    const door = createDoor()
    const old = await door.authenticate(token(oidcClaims(), EC))
    door.issuers[1] = { ...GITHUB, name: 'renamed' }
    const renamed = await door.authenticate(token(oidcClaims(), EC))
    expect(old.id.startsWith('oidc:github:')).toBe(true)
    expect(renamed.id.startsWith('oidc:renamed:')).toBe(true)
  })

  it('passes, without a new read, after a reload of an unchanged policy set', async () => {
    const door = createDoor()
    await door.authenticate(text)
    door.issuers[0] = structuredClone(CONTOSO)
    expect(await outcome(door, text)).toBe('passed')
    expect(await outcome(door, token(entraClaims({ uti: '2' }), KEY))).toBe('passed')
    expect(door.fetched).toHaveLength(2)
  })

  it('keeps the keys when only audiences change', async () => {
    const door = createDoor()
    await door.authenticate(text)
    door.issuers[0] = { ...CONTOSO, audiences: [AUDIENCE, HOME] }
    expect(await outcome(door, text)).toBe('passed')
    expect(door.fetched).toHaveLength(2)
  })

  it('never remembers a refused token', async () => {
    const door = createDoor()
    const forged = `${text.slice(0, -8)}AAAAAAAA`
    expect(await outcome(door, forged)).toMatch(/^invalid_token/)
    expect(await outcome(door, forged)).toMatch(/^invalid_token/)
    expect(door.status().cachedTokens).toBe(0)
    expect(door.refusals).toHaveLength(2)
  })

  it('401 changed_meanwhile when trust ends while its keys are read', async () => {
    const door = createDoor()
    door.documents.set(`${CONTOSO.issuer}/keys`, () => {
      door.issuers.length = 0
      return { keys: [KEY.jwk] }
    })
    expect(await outcome(door, text)).toBe('invalid_token changed_meanwhile')
    expect(door.status().cachedTokens).toBe(0)
  })

  it('lets errors of the policy through, cached or not', async () => {
    const door = createDoor()
    await door.authenticate(text)
    Object.defineProperty(door.issuers, 'find', {
      value: () => {
        throw new Error('policy_unavailable')
      },
    })
    await expect(door.authenticate(text)).rejects.toThrow('policy_unavailable')
    expect(door.refusals).toEqual([])
  })
})

describe('T34: bounds', () => {
  const verified = { identity: { claims: {} } } as unknown as VerifiedToken

  it('holds its cap after 10^5 distinct tokens; the evicted ones are verified again', async () => {
    const cache = createTokenCache()
    for (let n = 0; n < 100_000; n++) cache.remember(`token-${n}`, verified)
    expect(cache.size()).toBeLessThanOrEqual(LIMITS.cachedTokens)
    expect(cache.size()).toBeGreaterThan(0.99 * LIMITS.cachedTokens)
    expect(cache.recall('token-0')).toBeUndefined()
    expect(cache.recall('token-99999')).toBe(verified)
  })

  it('holds its size after many big tokens', () => {
    const cache = createTokenCache()
    const filler = 'x'.repeat(16_000)
    for (let n = 0; n < 2_000; n++) cache.remember(filler + n, verified)
    expect(cache.size()).toBeLessThanOrEqual(LIMITS.cachedTokenCharacters / 16_000)
  })

  it('passes an evicted token', async () => {
    const door = createDoor({ issuers: [GITHUB] })
    const first = token(oidcClaims(), EC)
    await door.authenticate(first)
    const filler = 'x'.repeat(11_200)
    const others = Array.from({ length: 900 }, (_, n) => token(oidcClaims({ jti: `${n}`, filler }), EC))
    await Promise.all(others.map((one) => door.authenticate(one)))
    const full = door.status().cachedTokens
    expect(full).toBeLessThan(900)
    expect(await outcome(door, first)).toBe('passed')
    expect(door.status().cachedTokens).toBeLessThanOrEqual(full + 1)
  })
})
