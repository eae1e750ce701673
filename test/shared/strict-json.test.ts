import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { JsonFault, parseStrictJson } from '../../shared/strict-json.ts'

const reasonOf = (text: string): string => {
  try {
    parseStrictJson(text)
    return 'accepted'
  } catch (error) {
    return error instanceof JsonFault ? error.reason : 'wrong error'
  }
}

describe('parseStrictJson (T30)', () => {
  it.each([
    ['{"a":1,"a":2}', 'duplicate_key'],
    ['{"a":1,"\\u0061":2}', 'duplicate_key'],
    ['[{"x":{"k":1,"k":1}}]', 'duplicate_key'],
    ['{"__proto__":{"roles":["admin"]}}', 'forbidden_key'],
    ['{"a":{"constructor":1}}', 'forbidden_key'],
    [`${'['.repeat(33)}${']'.repeat(33)}`, 'depth'],
    [`${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, 'depth'],
    ['{"a":1', 'syntax'],
    ['', 'syntax'],
    ["{'a':1}", 'syntax'],
    ['{"a":1}x', 'syntax'],
    ['\uFEFF{}', 'syntax'],
    ['NaN', 'syntax'],
  ])('refuses %# as %s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason)
  })

  it('accepts the same key in sibling objects, and braces, quotes and commas inside strings', () => {
    const text = '{"a":{"k":1},"b":{"k":"}{,\\"k\\":\\\\"},"c":["k","k","__proto__"]}'
    expect(parseStrictJson(text)).toEqual(JSON.parse(text))
  })

  it('gives what JSON.parse gives for every value without forbidden keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value)
        const clean = !/"(__proto__|constructor|prototype)":/.test(text)
        if (clean) expect(parseStrictJson(text)).toEqual(JSON.parse(text))
        else expect(reasonOf(text)).toBe('forbidden_key')
      }),
    )
  })
})
