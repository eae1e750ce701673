import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globMatches } from '../../../../shared/policy/match/glob.ts'
import { compilePattern, literalPrefix, patternMatches } from '../../../../shared/policy/match/pattern.ts'
import { tries } from '../../../support/share-of.ts'

const matches = (pattern: string, text: string, separators = '/') =>
  patternMatches(compilePattern(pattern, separators), text, separators)

describe('patterns', () => {
  it.each([
    ['secret/main/stripe-*', 'secret/main/stripe-api-key', true],
    ['secret/main/stripe-*', 'secret/main/stripe-', true],
    ['secret/main/stripe-*', 'secret/main/stripe', false],
    ['secret/main/stripe-*', 'secret/main/stripe-a/b', false],
    ['secret/*/x', 'secret/main/x', true],
    ['secret/*/x', 'secret/a/b/x', false],
    ['secret/main/**', 'secret/main/a', true],
    ['secret/main/**', 'secret/main/a/b', true],
    ['secret/main/**', 'secret/main/', false],
    ['secret/main/**', 'secret/main', false],
    ['**', 'policy', true],
    ['**', '', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-b-b-d', false],
    ['policy', 'policyx', false],
    ['', '', true],
    ['*', '', true],
  ])('%s against %s: %s', (pattern, text, expected) => {
    expect(matches(pattern, text)).toBe(expected)
  })

  it('knows no other metacharacter than the star', () => {
    for (const pattern of ['.', '?', '[a]', 'a|b', '(a)', '^a$', '\\w', 'a+', 'a{1}']) {
      expect(matches(pattern, 'a')).toBe(false)
      expect(matches(pattern, pattern)).toBe(true)
    }
  })

  it('matches every text with itself as a pattern, and with any part of a segment starred out', () => {
    const text = fc.stringMatching(/^[a-z:/-]{1,20}$/)
    fc.assert(
      fc.property(text, fc.nat(19), fc.nat(5), (whole, at, length) => {
        expect(matches(whole, whole, '/:')).toBe(true)
        const part = whole.slice(at, at + length)
        const rest = whole.slice(at + length)
        if (!/[/:]/.test(part)) expect(matches(`${whole.slice(0, at)}*${rest}`, whole, '/:')).toBe(true)
      }),
    )
  })

  it('has a literal prefix of which every match begins with (what the index keys on)', () => {
    const pattern = fc.stringMatching(/^[ab*]{0,3}(?:[/:][ab*]{0,3}){0,3}$/).filter((text) => !text.includes('**'))
    const text = fc.stringMatching(/^[ab]{0,3}(?:[/:][ab]{0,3}){0,3}$/)
    fc.assert(
      fc.property(pattern, text, fc.nat(4), (one, other, depth) => {
        const compiled = compilePattern(one, '/:')
        if (patternMatches(compiled, other, '/:')) expect(other.startsWith(literalPrefix(compiled, depth))).toBe(true)
      }),
      { numRuns: tries(2_000) },
    )
  })

  it.each([
    ['stars without end', '*a'.repeat(250), 'a'.repeat(16_000)],
    ['a star before each of many letters', `${'*a'.repeat(200)}b`, 'a'.repeat(16_000)],
    ['nested repetition in disguise', '(a+)+$*'.repeat(70), 'a'.repeat(16_000)],
    ['one long literal that nearly fits', `*${'a'.repeat(255)}b`, 'a'.repeat(16_000)],
  ])('T32: %s takes at most pattern × text steps', (_name, pattern, text) => {
    let steps = 0
    globMatches(pattern, { text, from: 0, end: text.length }, () => steps++)
    expect(steps).toBeLessThanOrEqual((pattern.length + 1) * (text.length + 1))
  })
})
