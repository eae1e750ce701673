import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import type { JwtTarget } from '../../../shared/policy/target.ts'
import { type JwtWish, planJwt } from '../../../shared/tokens/jwt-token.ts'
import { principal } from '../../support/principal.ts'

const NOW = Date.UTC(2026, 10, 25)

const target = (token: Partial<JwtTarget['token']> = {}): JwtTarget => ({
  kind: 'target',
  name: 'ledger-api',
  access: 'write',
  resources: [],
  token: {
    kind: 'jwt',
    audience: 'api://ledger',
    scopes: ['read', 'post'],
    algorithm: 'ES256',
    maxTtlSeconds: 3_600,
    ...token,
  },
})

const alice = principal({ id: 'oidc:test:alice', claims: { iss: 'https://issuer.test' }, subject: 'alice' })
const broker = principal({ id: 'oidc:test:broker', claims: { iss: 'https://issuer.test' }, subject: 'broker' })

const wish = (overrides: Partial<JwtWish> = {}): JwtWish => ({
  txn: 'txn-1',
  jti: 'jti-1',
  issuer: 'https://gateway.test',
  subject: alice,
  actor: undefined,
  context: {},
  notAfter: NOW + 7_200_000,
  target: target(),
  obligations: {},
  now: NOW,
  ...overrides,
})

const refusal = (overrides: Partial<JwtWish>) => {
  try {
    planJwt(wish(overrides))
  } catch (error) {
    return error instanceof GatewayError ? [error.code, error.reason] : error
  }
  return undefined
}

describe('planJwt (RFC 9068 §2.2)', () => {
  it('has every required claim and the transaction id of the journal', () => {
    expect(planJwt(wish({ ttlSeconds: 90, scope: 'read' })).claims).toEqual({
      iss: 'https://gateway.test',
      sub: 'oidc:test:alice',
      aud: 'api://ledger',
      client_id: 'oidc:test:alice',
      iat: NOW / 1_000,
      exp: NOW / 1_000 + 90,
      jti: 'jti-1',
      txn: 'txn-1',
      target: 'ledger-api',
      scope: 'read',
    })
  })

  it('names the actor as client and in act, and speaks about the subject', () => {
    const { claims } = planJwt(wish({ actor: broker, act: { sub: broker.id } }))
    expect(claims).toMatchObject({ sub: alice.id, client_id: broker.id, act: { sub: broker.id } })
  })

  it('has no scope claim where the target offers none', () => {
    expect(planJwt(wish({ target: target({ scopes: [] }) })).claims).not.toHaveProperty('scope')
  })

  it('tells the truth about the blast radius', () => {
    expect(planJwt(wish({ ttlSeconds: 60, scope: 'post' })).blastRadius).toEqual({
      expiresAt: '2026-11-25T00:01:00.000Z',
      revocable: 'introspection',
      scope: 'post',
      boundTo: ['audience:api://ledger'],
      issuedAs: 'oidc:test:alice',
    })
  })

  it.each([
    ['invalid_scope', { scope: 'read admin' }, 'scope_not_offered'],
    ['invalid_scope', { target: target({ scopes: [] }), scope: 'read' }, 'scope_not_offered'],
    ['invalid_request', { notAfter: NOW + 500 }, 'lifetime_too_short'],
  ])('%s: %j', (code, overrides, reason) => {
    expect(refusal(overrides as Partial<JwtWish>)).toEqual([code, reason])
  })

  it('exp never exceeds any bound and scope never widens', () => {
    const seconds = fc.option(fc.integer({ min: 1, max: 90_000 }), { nil: undefined })
    const bounds = fc.record({ ttlSeconds: seconds, maxTtlSeconds: seconds, most: fc.integer({ min: 1, max: 3_600 }) })
    const left = fc.integer({ min: -120, max: 90_000 })
    const scopes = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'))
    fc.assert(
      fc.property(
        bounds,
        left,
        fc.tuple(scopes, scopes),
        ({ ttlSeconds, maxTtlSeconds, most }, ends, [asks, offers]) => {
          const bounded = wish({
            ttlSeconds,
            obligations: { ...(maxTtlSeconds && { maxTtlSeconds }) },
            notAfter: NOW + ends * 1_000,
            target: target({ maxTtlSeconds: most, scopes: offers }),
            scope: asks.length > 0 ? asks.join(' ') : undefined,
          })
          let plan: ReturnType<typeof planJwt>
          try {
            plan = planJwt(bounded)
          } catch (error) {
            expect(error).toBeInstanceOf(GatewayError)
            return
          }
          const life = plan.claims.exp - NOW / 1_000
          expect(life).toBe(Math.min(ttlSeconds ?? Infinity, maxTtlSeconds ?? Infinity, most, ends))
          const given = plan.blastRadius.scope.split(' ').filter(Boolean)
          expect(given.every((scope) => offers.includes(scope as 'a'))).toBe(true)
          expect(asks.length === 0 || given.every((scope) => asks.includes(scope as 'a'))).toBe(true)
        },
      ),
    )
  })
})
