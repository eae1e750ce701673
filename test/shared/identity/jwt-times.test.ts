import { describe, expect, it } from 'vitest'
import { createDoor, EC, GITHUB, outcome } from './support/door.ts'
import { NOON, oidcClaims, token } from './support/tokens.ts'

const seconds = NOON / 1_000
const MINUTES = 60

/** A token seen fresh by a clock that is off by `off` seconds. */
async function seenWithClockOff(off: number, times: object): Promise<string> {
  const door = createDoor()
  door.clock.now = NOON + off * 1_000
  return outcome(door, token(oidcClaims(times), EC))
}

describe('T28: clocks that disagree, ±5 minutes', () => {
  const fresh = { iat: seconds, nbf: seconds, exp: seconds + 600 }
  it.each([
    [-5 * MINUTES, 'invalid_token token_not_yet_valid'],
    [-61, 'invalid_token token_not_yet_valid'],
    [-60, 'passed'],
    [-59, 'passed'],
    [0, 'passed'],
    [5 * MINUTES, 'passed'],
  ])('a token issued now, our clock off by %i s: %s', async (off, expected) => {
    expect(await seenWithClockOff(off, fresh)).toBe(expected)
  })

  const ending = { iat: seconds - 600, exp: seconds }
  it.each([
    [-5 * MINUTES, 'passed'],
    [0, 'passed'],
    [59, 'passed'],
    [60, 'invalid_token token_expired'],
    [61, 'invalid_token token_expired'],
    [5 * MINUTES, 'invalid_token token_expired'],
  ])('a token that ends now, our clock off by %i s: %s', async (off, expected) => {
    expect(await seenWithClockOff(off, ending)).toBe(expected)
  })

  it.each([
    ['iat tomorrow', { iat: seconds + 86_400, exp: seconds + 87_000 }],
    ['nbf in 5 minutes', { nbf: seconds + 300 }],
  ])('refuses %s', async (_, times) => {
    expect(await seenWithClockOff(0, times)).toBe('invalid_token token_not_yet_valid')
  })
})

describe('lifetimes (F3)', () => {
  const living = (life: number, maxLifetimeSeconds?: number) => {
    const door = createDoor({ issuers: [{ ...GITHUB, ...(maxLifetimeSeconds && { maxLifetimeSeconds }) }] })
    return outcome(door, token(oidcClaims({ iat: seconds, exp: seconds + life }), EC))
  }

  it('passes a managed identity’s 24 h and 5 min, and not a second more', async () => {
    expect(await living(86_700)).toBe('passed')
    expect(await living(86_701)).toBe('invalid_token lifetime_too_long')
    expect(await living(100 * 365 * 86_400)).toBe('invalid_token lifetime_too_long')
  })

  it('holds an issuer to what its document says', async () => {
    expect(await living(600, 600)).toBe('passed')
    expect(await living(601, 600)).toBe('invalid_token lifetime_too_long')
  })

  it('passes nbf 0, which some issuers write', async () => {
    expect(await seenWithClockOff(0, { nbf: 0 })).toBe('passed')
  })

  it.each([
    ['exp', 'soon'],
    ['exp', String(seconds + 600)],
    ['exp', null],
    ['exp', 1e300],
    ['exp', -1],
    ['iat', 'now'],
    ['iat', [seconds]],
    ['nbf', 'now'],
    ['nbf', null],
  ])('refuses %s %j', async (name, value) => {
    expect(await seenWithClockOff(0, { [name]: value })).toBe('invalid_token time_malformed')
  })

  it('takes fractions of a second (RFC 7519 §2)', async () => {
    expect(await seenWithClockOff(0, { iat: seconds - 0.5, exp: seconds + 599.5 })).toBe('passed')
  })
})
