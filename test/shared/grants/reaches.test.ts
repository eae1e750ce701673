import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reaches } from '../../../shared/grants/reaches.ts'
import { compilePattern, patternMatches } from '../../../shared/policy/match/pattern.ts'

describe('revocation by resource prefix', () => {
  it.each([
    [true, 'secret/main', 'secret/main/stripe-*'],
    [true, 'secret/main/stripe-key', 'secret/main/stripe-*'],
    [true, 'secret', 'secret/main/a'],
    [true, 'secret/main', 'secret/**'],
    [true, 'secret/main', '**'],
    [true, 'SECRET/main', 'SECRET/main/a'],
    [true, 'secret/Main', 'secret/mAin/a'],
    [true, 'secret/main', 'secret/ma*/a'],
    [true, 'policy', 'policy'],
    [false, 'secret/main', 'secret/main2/a'],
    [false, 'secret/main/stripe', 'secret/main/stripe-key'],
    [false, 'secret/main', 'token/main'],
    [false, 'token/Ledger', 'token/ledger'],
    [false, 'secret/main', 'policy'],
  ])('%s: %s and a grant on %s', (wanted, prefix, resource) => {
    expect(reaches([resource], prefix)).toBe(wanted)
  })

  it('reaches what a prefix holds by whole segments, and nothing else', () => {
    const name = fc.constantFrom('a', 'b', 'ab', 'a-b')
    fc.assert(
      fc.property(name, name, name, fc.constantFrom('*', 'a*', '*b', 'ab', 'a-b'), (vault, secret, under, glob) => {
        const resource = `secret/${vault}/${secret}`
        const matched = patternMatches(compilePattern(`secret/${vault}/${glob}`), resource)
        if (matched) expect(reaches([`secret/${vault}/${glob}`], resource)).toBe(true)
        expect(reaches([`secret/${vault}/${glob}`], `secret/${under}`)).toBe(under === vault)
      }),
    )
  })

  it('counts as reached what cannot be told', () => {
    expect(reaches([`secret/main/${'a*'.repeat(40)}`], 'secret/main')).toBe(true)
  })
})
