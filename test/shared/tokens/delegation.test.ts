import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Principal } from '../../../shared/identity/principal.ts'
import { type Act, delegate as delegateAt } from '../../../shared/tokens/delegation.ts'
import { principal } from '../../support/principal.ts'

const ISS = 'https://issuer.test'
const GATEWAY = 'https://gateway.test'

const delegate = (subject: Principal, actor: Principal | undefined) => delegateAt(subject, actor, GATEWAY)

const named = (sub: string, claims: Record<string, unknown> = {}): Principal =>
  principal({ id: `oidc:test:${sub}`, kind: 'oidc', subject: sub, claims: { iss: ISS, sub, ...claims } })

const alice = (claims?: Record<string, unknown>) => named('alice', claims)
const broker = named('broker', { client_id: 'app-1' })

const depthOf = (act: Act | undefined): number => (act ? 1 + depthOf(act.act) : 0)

describe('delegate (RFC 8693 §4.1: act)', () => {
  it('has no act when nobody acts', () => {
    expect(delegate(alice(), undefined)).toEqual({})
  })

  it('names the actor by principal id, with the chain of the subject below it', () => {
    const told = { sub: 'web', act: { iss: 'https://other.test', sub: 'edge' } }
    expect(delegate(alice({ act: told }), broker)).toEqual({
      act: { sub: 'oidc:test:broker', act: { iss: ISS, sub: 'web', act: { iss: 'https://other.test', sub: 'edge' } } },
    })
  })

  it('keeps the chain when the subject exchanges its own token', () => {
    expect(delegate(alice({ act: { sub: 'web' } }), undefined)).toEqual({ act: { iss: ISS, sub: 'web' } })
  })

  it('carries no exp, nbf, aud or anything else into act', () => {
    const told = { sub: 'web', exp: 1, nbf: 1, aud: 'x', email: 'a@b.c' }
    expect(JSON.stringify(delegate(alice({ act: told }), broker))).not.toMatch(/exp|nbf|aud|email/)
  })

  it('replaces the outermost link when the actor is already who acts', () => {
    expect(delegate(alice({ act: { sub: 'broker' } }), broker)).toEqual({ act: { sub: 'oidc:test:broker' } })
  })

  it.each([
    ['act_cycle', { sub: 'web', act: { sub: 'broker' } }],
    ['act_too_deep', { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd' } } } }],
    ['act_malformed', 'web'],
    ['act_malformed', ['web']],
    ['act_malformed', null],
    ['act_malformed', { sub: 7 }],
    ['act_malformed', { sub: 'web', act: { iss: ISS } }],
  ])('refuses %s: %j', (fault, act) => {
    expect(delegate(alice({ act }), broker)).toEqual({ fault })
  })

  it('refuses a chain that came too deep even when nobody is added', () => {
    const act = { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd', act: { sub: 'e' } } } } }
    expect(delegate(alice({ act }), undefined)).toEqual({ fault: 'act_too_deep' })
  })

  it('reads what our own tokens say in act as principal ids: a cycle through them is refused', () => {
    const own = (act: object) => named('alice', { iss: GATEWAY, act })
    expect(delegate(own({ sub: 'oidc:test:web', act: { sub: broker.id } }), broker)).toEqual({ fault: 'act_cycle' })
    expect(delegate(own({ sub: broker.id }), broker)).toEqual({ act: { sub: broker.id } })
    expect(delegate(own({ sub: 'broker' }), broker)).toEqual({
      act: { sub: broker.id, act: { iss: GATEWAY, sub: 'broker' } },
    })
  })

  it('never gives more than four links, whatever the token says', () => {
    const { chain } = fc.letrec<{ chain: unknown }>((tie) => ({
      chain: fc.record({
        sub: fc.constantFrom('a', 'b', 'broker', 'web'),
        act: fc.option(tie('chain'), { nil: undefined }),
      }),
    }))
    fc.assert(
      fc.property(chain, fc.boolean(), (act, acts) => {
        const result = delegate(alice({ act }), acts ? broker : undefined)
        if ('fault' in result) return
        expect(depthOf(result.act)).toBeLessThanOrEqual(4)
      }),
    )
  })
})

describe('delegate (RFC 8693 §4.4: may_act)', () => {
  it.each([
    ['the actor of the same issuer', { sub: 'broker' }],
    ['issuer and subject', { iss: ISS, sub: 'broker' }],
    ['a further claim that the actor has', { sub: 'broker', client_id: 'app-1' }],
  ])('lets %s act', (_what, may_act) => {
    expect(delegate(alice({ may_act }), broker)).toEqual({ act: { sub: 'oidc:test:broker' } })
  })

  it.each([
    ['another subject', { sub: 'other' }],
    ['the same subject of another issuer', { iss: 'https://other.test', sub: 'broker' }],
    ['nobody', {}],
    ['no subject', { iss: ISS }],
    ['a claim that the actor has otherwise', { sub: 'broker', client_id: 'app-2' }],
    ['a claim that the actor does not have', { sub: 'broker', tenant: 't' }],
    ['something that cannot be compared', { sub: 'broker', groups: ['a'] }],
    ['a list', [{ sub: 'broker' }]],
    ['a text', 'broker'],
    ['null', null],
  ])('refuses when it names %s', (_what, may_act) => {
    expect(delegate(alice({ may_act }), broker)).toEqual({ fault: 'may_act_differs' })
  })

  it('refuses the subject itself where it names somebody else: the token is for that one to act with', () => {
    expect(delegate(alice({ may_act: { sub: 'broker' } }), undefined)).toEqual({ fault: 'may_act_differs' })
    expect(delegate(alice({ may_act: { sub: 'alice' } }), undefined)).toEqual({})
  })
})
