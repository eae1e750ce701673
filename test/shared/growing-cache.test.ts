import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createGrowingCache } from '../../shared/growing-cache.ts'
import { tries } from '../support/share-of.ts'

it('holds neither more entries nor more in all than it may, and always the last that fits', () => {
  const entry = fc.record({ key: fc.integer({ min: 0, max: 40 }).map(String), bytes: fc.integer({ min: 0, max: 120 }) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.array(entry, { maxLength: 100 }), (count, entries) => {
      const cache = createGrowingCache<{ bytes: number }>({ count, size: 100, sizeOf: ({ bytes }) => bytes })
      for (const { key, bytes } of entries) {
        cache.set(key, { bytes })
        expect(cache.size).toBeLessThanOrEqual(count)
        expect([...cache.values()].reduce((sum, value) => sum + value.bytes, 0)).toBeLessThanOrEqual(100)
        expect(cache.has(key)).toBe(bytes <= 100)
      }
    }),
    { numRuns: tries(300) },
  )
})

it('holds exactly as many as it may where all are small, and forgets the least recently used', () => {
  const cache = createGrowingCache<number>({ count: 3 })
  for (const key of ['a', 'b', 'c']) cache.set(key, 1)
  cache.get('a')
  cache.set('d', 1)
  expect([...cache.keys()].sort()).toEqual(['a', 'c', 'd'])
})
