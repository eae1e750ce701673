import { describe, expect, test } from 'vitest'
import { createKeys, opens, requestKey } from '../../../../local/functions-host/http/keys.ts'

const VALUES = { master: 'mk', function: ['fk'], system: ['sk'], functions: { One: ['own'] } }

describe('the level of a key', () => {
  test.each([
    ['mk', 'two', 'admin'],
    ['sk', 'two', 'system'],
    ['fk', 'two', 'function'],
    ['own', 'one', 'function'],
    ['own', 'two', 'anonymous'],
    ['own', undefined, 'anonymous'],
    ['FK', 'two', 'anonymous'],
    ['', 'two', 'anonymous'],
    [undefined, 'two', 'anonymous'],
  ] as const)('%s on the function %s: %s', (key, fn, level) => {
    expect(createKeys(VALUES).levelOf(key, fn)).toBe(level)
  })

  test('another spelling passes after the right one, on the same function only (measured)', () => {
    const keys = createKeys(VALUES)
    expect(keys.levelOf('fk', 'one')).toBe('function')
    expect(keys.levelOf('Fk', 'ONE')).toBe('function')
    expect(keys.levelOf('Fk', 'two')).toBe('anonymous')
  })

  test('without keys everybody is admin, as under func start', () => {
    expect(createKeys(undefined)).toMatchObject({ enforced: false })
    expect(createKeys(undefined).levelOf(undefined)).toBe('admin')
  })
})

test('a system key does not open a function-level function; admin opens all', () => {
  expect([opens('system', 'function'), opens('function', 'admin'), opens('admin', 'function')]).toEqual([
    false,
    false,
    true,
  ])
  expect(opens('anonymous', 'anonymous')).toBe(true)
})

test('the header beats ?code=, its first value counts, an empty one too', () => {
  expect(requestKey(['X-Functions-Key', 'a', 'x-functions-key', 'b'], '?code=c')).toBe('a')
  expect(requestKey(['x-functions-key', ''], '?code=c')).toBe('')
  expect(requestKey([], '?Code=c&code=d')).toBe('c')
  expect(requestKey([], '')).toBeUndefined()
})
