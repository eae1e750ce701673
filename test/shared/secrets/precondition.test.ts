import { describe, expect, it } from 'vitest'
import { checkPrecondition, readETags } from '../../../shared/secrets/precondition.ts'

describe('entity tags (RFC 9110 §8.8.3, §13.1)', () => {
  it.each([
    ['*', '*'],
    ['"a"', ['a']],
    ['"a", "b" ,"c"', ['a', 'b', 'c']],
    ['W/"a"', ['a']],
    ['""', ['']],
  ])('If-None-Match compares weakly: %s', (text, tags) => {
    expect(readETags('If-None-Match', text)).toEqual(tags)
  })

  it('If-Match compares strongly: a weak tag never matches', () => {
    expect(readETags('If-Match', 'W/"a", "b"')).toEqual(['b'])
    expect(() => checkPrecondition({ ifMatch: readETags('If-Match', 'W/"a"') }, 'a')).toThrow('precondition_failed')
  })

  it.each([
    'a',
    '"a',
    'a"',
    '"a" "b"',
    '"a",',
    ',',
    '',
    ' ',
    '*, "a"',
    'w/"a"',
    '"\u00e4"',
    `"${'x'.repeat(129)}"`,
    `"a"${', "a"'.repeat(2_000)}`,
  ])('400 invalid_request: %j', (text) => {
    expect(() => readETags('If-Match', text)).toThrow('precondition_malformed')
  })

  it('absent is no condition', () => {
    expect(readETags('If-Match', undefined)).toBeUndefined()
    expect(() => checkPrecondition({}, undefined)).not.toThrow()
  })

  it.each([
    [{ ifMatch: '*' }, undefined, false],
    [{ ifMatch: '*' }, 'a', true],
    [{ ifMatch: ['a'] }, 'a', true],
    [{ ifMatch: ['b'] }, 'a', false],
    [{ ifMatch: [] }, 'a', false],
    [{ ifNoneMatch: '*' }, undefined, true],
    [{ ifNoneMatch: '*' }, 'a', false],
    [{ ifNoneMatch: ['a'] }, 'a', false],
    [{ ifNoneMatch: ['b'] }, 'a', true],
    [{ ifMatch: ['a'], ifNoneMatch: '*' }, 'a', false],
  ] as const)('%j against %j holds: %s', (precondition, version, holds) => {
    const check = () => checkPrecondition(precondition, version)
    if (holds) expect(check).not.toThrow()
    else expect(check).toThrow('precondition_failed')
  })
})
