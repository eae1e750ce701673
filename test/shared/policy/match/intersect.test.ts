import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { intersectPatterns, patternContains } from '../../../../shared/policy/match/intersect.ts'
import { compilePattern, patternMatches } from '../../../../shared/policy/match/pattern.ts'
import { canonicalResource } from '../../../../shared/policy/match/resource.ts'
import { tries } from '../../../support/share-of.ts'

const matches = (pattern: string, resource: string) =>
  patternMatches(compilePattern(canonicalResource(pattern)), canonicalResource(resource))

const letters = fc.constantFrom('a', 'b', 'ab')
const glob = fc
  .array(fc.oneof(letters, fc.constant('*')), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join('').replaceAll(/\*+/g, '*'))
const word = fc.array(letters, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(''))
const pattern = fc.oneof(
  fc.tuple(glob, glob).map(([vault, name]) => `secret/${vault}/${name}`),
  glob.map((vault) => `secret/${vault}/**`),
  glob.map((name) => `token/${name}`),
  fc.constantFrom('**', 'secret/**', 'token/**', 'policy'),
)
const resource = fc.oneof(
  fc.tuple(word, word).map(([vault, name]) => `secret/${vault}/${name}`),
  word.map((name) => `token/${name}`),
  fc.constant('policy'),
)

describe('intersectPatterns', () => {
  it('matches exactly what both patterns match (T13)', () => {
    fc.assert(
      fc.property(pattern, pattern, fc.array(resource, { minLength: 20, maxLength: 20 }), (a, b, resources) => {
        const common = intersectPatterns(a, b)
        if (common === undefined) throw new Error(`too many: ${a} ${b}`)
        for (const one of resources) {
          expect(common.some((each) => matches(each, one))).toBe(matches(a, one) && matches(b, one))
        }
      }),
      { numRuns: tries(2_000) },
    )
  })

  it('gives patterns that both contain, and the narrower one where one contains the other', () => {
    fc.assert(
      fc.property(pattern, pattern, (a, b) => {
        const common = intersectPatterns(a, b) ?? []
        for (const each of common) {
          expect([a, b, each, patternContains(a, each), patternContains(b, each)]).toEqual([a, b, each, true, true])
        }
        if (patternContains(a, b)) expect(common).toEqual([canonicalResource(b)])
      }),
      { numRuns: tries(2_000) },
    )
  })

  it.each([
    ['secret/main/stripe-*', 'secret/main/*-key', ['secret/main/stripe-*-key', 'secret/main/stripe-key']],
    ['secret/MAIN/Stripe-Key', 'secret/*/stripe-*', ['secret/main/stripe-key']],
    ['secret/**', '**', ['secret/**']],
    ['secret/main/**', 'secret/**', ['secret/main/**']],
    ['secret/main/a', 'secret/main2/*', []],
    ['secret/main/*', 'token/*', []],
    ['token/Ledger', 'token/ledger', []],
    ['policy', 'audit', []],
  ])('%s and %s have %j in common', (a, b, common) => {
    expect(intersectPatterns(a, b)).toEqual(common)
    expect(intersectPatterns(b, a)).toEqual(common)
  })

  it('gives up, quickly, where two patterns lie in each other in too many ways', () => {
    const [a, b] = ['a*'.repeat(200), '*b'.repeat(200)]
    expect(intersectPatterns(`secret/main/${a}`, `secret/main/${b}`)).toBeUndefined()
    expect(intersectPatterns(`secret/main/${'a'.repeat(200)}*`, `secret/main/*${'a'.repeat(200)}`)).toBeUndefined()
  })
})
