import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../shared/errors.ts'
import { type Bounds, narrow, type Wish } from '../../../shared/grants/narrow.ts'
import { ACTION_NAMES } from '../../../shared/policy/actions.ts'
import { compilePattern, patternMatches } from '../../../shared/policy/match/pattern.ts'
import { canonicalResource } from '../../../shared/policy/match/resource.ts'

const NOW = Date.UTC(2026, 10, 25)
const part = fc.constantFrom('*', 'a', 'b', 'a*', '*b', 'a*b', 'Ab', '*a*')
const pattern = fc.oneof(
  fc.tuple(part, part).map(([vault, name]) => `secret/${vault}/${name}`),
  part.map((name) => `token/${name}`),
  fc.constantFrom('secret/**', '**', 'policy'),
)
const words = ['a', 'b', 'ab', 'aab', 'abb', 'ba'] as const
const RESOURCES = [
  ...words.flatMap((v) => words.map((n) => `secret/${v}/${n}`)),
  ...words.map((n) => `token/${n}`),
  'policy',
]

const bounds = {
  actions: fc.uniqueArray(fc.constantFrom(...ACTION_NAMES), { minLength: 1, maxLength: 8 }),
  resources: fc.uniqueArray(pattern, { minLength: 1, maxLength: 4 }),
}
const root = fc.record({ ...bounds, expiresAt: fc.integer({ min: NOW + 1, max: NOW + 28_800_000 }) })
const wishes = fc.array(fc.record({ ...bounds, ttlSeconds: fc.integer({ min: 1, max: 28_800 }) }), {
  minLength: 1,
  maxLength: 3,
})

const allows = ({ resources }: Pick<Bounds, 'resources'>, resource: string) =>
  resources.some((one) => patternMatches(compilePattern(canonicalResource(one)), canonicalResource(resource)))

const READS: Wish = { actions: ['secret:get'], resources: ['secret/main/stripe-*'], ttlSeconds: 600 }
const parent = { ...READS, expiresAt: NOW + 3_600_000, limited: false }
const refusal = (given: Bounds | GatewayError) =>
  given instanceof GatewayError ? `${given.code} ${given.reason}` : 'none'

describe('delegation', () => {
  it('gives along any chain exactly what is both wished and held, never longer (T13)', () => {
    fc.assert(
      fc.property(root, wishes, (first, chain) => {
        let held: Bounds = first
        for (const wish of chain) {
          const child = narrow({ ...held, limited: false }, wish, NOW)
          const both = (resource: string) => allows(held, resource) && allows(wish, resource)
          if (child instanceof GatewayError) {
            const shared = wish.actions.some((one) => held.actions.includes(one))
            expect(shared && RESOURCES.some(both)).toBe(false)
            return
          }
          expect(child.actions).toEqual(wish.actions.filter((one) => held.actions.includes(one)).sort())
          expect(RESOURCES.filter((one) => allows(child, one))).toEqual(RESOURCES.filter(both))
          expect(child.expiresAt).toBeLessThanOrEqual(held.expiresAt)
          expect(child.expiresAt).toBeLessThanOrEqual(NOW + wish.ttlSeconds * 1_000)
          held = child
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps what is asked for where the grant holds it, and what the grant holds where more is asked for', () => {
    expect(narrow(parent, { ...READS, resources: ['secret/main/stripe-key'] }, NOW)).toEqual({
      actions: ['secret:get'],
      resources: ['secret/main/stripe-key'],
      expiresAt: NOW + 600_000,
    })
    const wide: Wish = { actions: ['secret:get', 'secret:set'], resources: ['**'], ttlSeconds: 28_800 }
    expect(narrow(parent, wide, NOW)).toEqual({
      actions: ['secret:get'],
      resources: ['secret/main/stripe-*'],
      expiresAt: parent.expiresAt,
    })
  })

  it('403 access_denied: nothing asked for is held', () => {
    expect(refusal(narrow(parent, { ...READS, actions: ['secret:set'] }, NOW))).toBe('access_denied outside_grant')
    expect(refusal(narrow(parent, { ...READS, resources: ['token/*'] }, NOW))).toBe('access_denied outside_grant')
  })

  it('400 invalid_request: no maxUses under a grant whose uses are counted', () => {
    const limited = { ...parent, limited: true }
    expect(refusal(narrow(limited, READS, NOW))).toBe('invalid_request delegation_without_uses')
    expect(refusal(narrow(limited, { ...READS, maxUses: 1 }, NOW))).toBe('none')
  })

  it('400 invalid_request: patterns that overlap in too many ways', () => {
    const [a, b] = [`secret/main/${'a*'.repeat(40)}`, `secret/main/${'*b'.repeat(40)}`]
    expect(refusal(narrow({ ...parent, resources: [a] }, { ...READS, resources: [b] }, NOW))).toBe(
      'invalid_request delegation_too_manifold',
    )
  })
})
