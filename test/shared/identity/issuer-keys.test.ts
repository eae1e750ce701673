import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import { CONTOSO, createDoor, type Door, jwksUri, KEY, keyReads, outcome } from './support/door.ts'
import { base64url, entraClaims, rsaKey, token } from './support/tokens.ts'

const KEYS = jwksUri(CONTOSO.issuer)
const NEXT = rsaKey('key-2')
const HOUR = 3_600_000

let serial = 0
/** A token nobody has seen before, valid for two days of the test's clock. */
function fresh(key = KEY): string {
  serial += 1
  return token(entraClaims({ uti: `uti-${serial}`, exp: entraClaims().iat + 3 * 86_400 }), key)
}

const open = () => createDoor({ issuers: [{ ...CONTOSO, maxLifetimeSeconds: 30 * 86_400 }], keys: [KEY] })

const down = (door: Door) => door.documents.set(KEYS, () => Promise.reject(new Error('500')))
const publishKeys = (door: Door, ...keys: { jwk: object }[]) =>
  door.documents.set(KEYS, { keys: keys.map(({ jwk }) => jwk) })

/** Lets what runs in the background finish. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

describe('T33: unknown key ids', () => {
  it('cause at most 2 reads for 1,000 tokens at once and 1,000 one by one', async () => {
    const door = open()
    expect(await outcome(door, fresh())).toBe('passed')
    door.clock.now += 31_000
    const [, payload, signature] = fresh().split('.')
    const header = (n: number) => base64url(JSON.stringify({ alg: 'RS256', kid: `no-${n}` }))
    const flood = Array.from({ length: 1_000 }, (_, n) => `${header(n)}.${payload}.${signature}`)
    const results = await Promise.all(flood.map((text) => outcome(door, text)))
    expect(new Set(results)).toEqual(new Set(['invalid_token kid_unknown']))
    for (const text of flood) await outcome(door, text)
    expect(keyReads(door)).toBe(2)
  })

  it('are asked for again after 30 s, so a key published meanwhile passes', async () => {
    const door = open()
    await outcome(door, fresh())
    publishKeys(door, KEY, NEXT)
    const text = fresh(NEXT)
    door.clock.now += 29_000
    expect(await outcome(door, fresh(rsaKey('key-3')))).toBe('invalid_token kid_unknown')
    expect(keyReads(door)).toBe(1)
    door.clock.now += 2_000
    expect(await outcome(door, text)).toBe('passed')
    expect(keyReads(door)).toBe(2)
  })

  it('are asked for by one missing kid only once a minute', async () => {
    const door = open()
    await outcome(door, fresh())
    const missing = () => outcome(door, token(entraClaims(), KEY, { kid: 'gone' }))
    const reads = []
    for (let step = 0; step < 6; step++) {
      door.clock.now += 31_000
      expect(await missing()).toBe('invalid_token kid_unknown')
      reads.push(keyReads(door))
    }
    expect(reads).toEqual([2, 2, 3, 3, 4, 4])
  })

  it('503 rather than 401 while the issuer cannot be asked: the key may be new', async () => {
    const door = open()
    await outcome(door, fresh())
    down(door)
    door.clock.now += 31_000
    expect(await outcome(door, fresh(NEXT))).toBe('issuer_unavailable issuer_unreachable')
    expect(await outcome(door, fresh())).toBe('passed')
  })
})

describe('T33: an issuer that is down', () => {
  it('503 issuer_unavailable with Retry-After; the breaker opens after 3 reads however many ask', async () => {
    const door = open()
    down(door)
    const first = await Promise.all(Array.from({ length: 50 }, () => outcome(door, fresh())))
    expect(new Set(first)).toEqual(new Set(['issuer_unavailable issuer_unreachable']))
    expect(keyReads(door)).toBe(1)
    for (let n = 0; n < 50; n++) await outcome(door, fresh())
    expect(keyReads(door)).toBe(3)
    const error = await door.authenticate(fresh()).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(GatewayError)
    expect(error).toMatchObject({
      code: 'issuer_unavailable',
      reason: 'issuer_breaker_open',
      extras: { retryAfterSeconds: 30 },
    })
    expect(door.refusals.at(-1)).toBe('contoso: issuer_breaker_open')
  })

  it('is tried once after each pause, which doubles up to 5 min, and trusted again at the first answer', async () => {
    const door = open()
    down(door)
    for (let n = 0; n < 3; n++) await outcome(door, fresh())
    const pauses = [30, 60, 120, 240, 300, 300]
    for (const [n, pause] of pauses.entries()) {
      door.clock.now += pause * 1_000 - 1
      await outcome(door, fresh())
      expect(keyReads(door)).toBe(3 + n)
      door.clock.now += 1
      await Promise.all([outcome(door, fresh()), outcome(door, fresh())])
      expect(keyReads(door)).toBe(4 + n)
    }
    publishKeys(door, KEY)
    door.clock.now += 300_000
    expect(await outcome(door, fresh())).toBe('passed')
    down(door)
    door.clock.now += 31_000
    expect(await outcome(door, fresh(NEXT))).toBe('issuer_unavailable issuer_unreachable')
  })

  it('is not locked out by a clock that was set back', async () => {
    const door = open()
    down(door)
    for (let n = 0; n < 4; n++) await outcome(door, fresh())
    publishKeys(door, KEY)
    door.clock.now -= 60_000
    expect(await outcome(door, fresh())).toBe('passed')
  })
})

describe('stale-if-error', () => {
  it('serves known keys for 24 h without the issuer, then 503', async () => {
    const door = open()
    await outcome(door, fresh())
    down(door)
    door.clock.now += 23 * HOUR
    expect(await outcome(door, fresh())).toBe('passed')
    expect(door.status().issuers[CONTOSO.issuer]).toEqual({ state: 'stale', ageSeconds: 23 * 3_600 })
    door.clock.now += HOUR
    expect(await outcome(door, fresh())).toMatch(/^issuer_unavailable /)
    expect(door.status().issuers[CONTOSO.issuer]?.state).toBe('unavailable')
    publishKeys(door, KEY)
    door.clock.now += 300_000
    expect(await outcome(door, fresh())).toBe('passed')
  })

  it('applies to tokens that were verified before, too', async () => {
    const door = open()
    const text = fresh()
    await outcome(door, text)
    down(door)
    door.clock.now += 23 * HOUR
    expect(await outcome(door, text)).toBe('passed')
    door.clock.now += HOUR
    expect(await outcome(door, text)).toMatch(/^issuer_unavailable /)
  })
})

describe('refresh', () => {
  it('happens hourly in the background: nobody waits, everybody shares it', async () => {
    const door = open()
    await outcome(door, fresh())
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    door.documents.set(KEYS, () => held.then(() => ({ keys: [KEY.jwk] })))
    door.clock.now += HOUR
    expect(await Promise.all([outcome(door, fresh()), outcome(door, fresh())])).toEqual(['passed', 'passed'])
    await settle()
    expect(keyReads(door)).toBe(2)
    release()
    await settle()
    expect(await outcome(door, fresh())).toBe('passed')
    expect(keyReads(door)).toBe(2)
  })

  it('is waited for after two idle hours, so a key withdrawn meanwhile is not served once more', async () => {
    const door = open()
    const text = fresh()
    await outcome(door, text)
    publishKeys(door, NEXT)
    door.clock.now += 2 * HOUR
    expect(await outcome(door, text)).toBe('invalid_token kid_unknown')
    expect(await outcome(door, fresh(NEXT))).toBe('passed')
  })

  it('withdraws verified tokens with their key, and keeps those whose key stayed', async () => {
    const door = open()
    publishKeys(door, KEY, NEXT)
    const [kept, gone] = [fresh(KEY), fresh(NEXT)]
    expect([await outcome(door, kept), await outcome(door, gone)]).toEqual(['passed', 'passed'])
    publishKeys(door, KEY)
    door.clock.now += HOUR
    await outcome(door, kept)
    await settle()
    expect([await outcome(door, kept), await outcome(door, gone)]).toEqual(['passed', 'invalid_token kid_unknown'])
  })

  it('drops a token when its kid now stands for another key', async () => {
    const door = open()
    const text = fresh()
    await outcome(door, text)
    publishKeys(door, rsaKey('key-1'))
    door.clock.now += 2 * HOUR
    expect(await outcome(door, text)).toBe('invalid_token signature_invalid')
  })

  it('reads discovery again, so a key set may move', async () => {
    const door = open()
    await outcome(door, fresh())
    door.documents.delete(KEYS)
    const moved = `${CONTOSO.issuer}/moved/keys`
    door.documents.set(moved, { keys: [NEXT.jwk] })
    door.documents.set(`${CONTOSO.issuer}/.well-known/openid-configuration`, {
      issuer: CONTOSO.issuer,
      jwks_uri: moved,
    })
    door.clock.now += 2 * HOUR
    expect(await outcome(door, fresh(NEXT))).toBe('passed')
  })
})
