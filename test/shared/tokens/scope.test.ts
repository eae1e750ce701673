import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { narrowScope } from '../../../shared/tokens/scope.ts'

const scopeToken = fc.stringMatching(/^[\x21\x23-\x5b\x5d-\x7e]{1,8}$/)

describe('narrowScope (RFC 6749 §3.3, RFC 8693: scope can only narrow)', () => {
  it('gives everything the target offers when nothing is asked', () => {
    expect(narrowScope(undefined, ['read', 'write'])).toEqual(['read', 'write'])
  })

  it('gives exactly what is asked, in any order, once', () => {
    expect(narrowScope('write read write', ['read', 'write', 'admin'])).toEqual(['write', 'read'])
  })

  it.each([
    ['one that is not offered', 'read delete'],
    ['another case', 'READ'],
    ['a wildcard', '*'],
    ['nothing at all', ''],
    ['a space before', ' read'],
    ['two spaces', 'read  write'],
    ['a tab', 'read\twrite'],
    ['a quote', 'read"'],
    ['a line break', 'read\nwrite'],
    ['letters outside ASCII', 'réad'],
  ])('invalid_scope: refuses %s', (_what, asked) => {
    expect(narrowScope(asked, ['read', 'write'])).toBeUndefined()
  })

  it('never gives what is not offered, whatever is asked', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(scopeToken), (asked, offered) => {
        const given = narrowScope(asked, offered) ?? []
        expect(given.every((scope) => offered.includes(scope))).toBe(true)
      }),
    )
  })

  it('gives all of what is asked or nothing', () => {
    fc.assert(
      fc.property(fc.array(scopeToken, { minLength: 1 }), fc.array(scopeToken), (asked, offered) => {
        const given = narrowScope(asked.join(' '), offered)
        expect(given === undefined || asked.every((scope) => given.includes(scope))).toBe(true)
        expect(given !== undefined).toBe(asked.every((scope) => offered.includes(scope)))
      }),
    )
  })
})
