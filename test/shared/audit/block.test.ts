import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_PROPERTY_CHARACTERS, packBlock } from '../../../shared/audit/block.ts'
import { createChain } from '../../../shared/audit/chain.ts'
import { createRatchet } from '../../../shared/audit/ratchet.ts'
import { readBlock } from '../../../shared/audit/read-block.ts'
import { hourOf } from '../../../shared/time-keys.ts'
import { MASTER } from './fixtures.ts'

const WID = '0123456789abcdef0123456789abcdef'
const place = { wid: WID, hour: '2026112518', block: 3 }

const linksOf = (sizes: number[]) => {
  const chain = createChain(WID, createRatchet(MASTER, WID))
  return sizes.map((size) => chain.append(`{"kind":"system","pad":"${'x'.repeat(size)}"}`))
}

describe('a block', () => {
  test('reads back the exact lines and MACs, in properties of at most 30,000 characters', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 23_900 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const links = linksOf(sizes)
        const row = packBlock(place, links)
        for (const value of Object.values(row))
          expect(String(value).length).toBeLessThanOrEqual(MAX_PROPERTY_CHARACTERS)
        const read = readBlock({ ...row, etag: '' })
        expect(read).toMatchObject({ ...place, faults: [] })
        expect(read?.lines.map(({ body, mac }) => ({ body, mac }))).toEqual(
          links.map(({ body, mac }) => ({ body, mac })),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('keeps MACs in several properties when entries are many and small', () => {
    const links = linksOf(Array(2_000).fill(0))
    const row = packBlock(place, links)
    expect(Object.keys(row).filter((name) => name.startsWith('macs'))).toEqual(['macs00', 'macs01', 'macs02'])
    expect(readBlock({ ...row, etag: '' })?.faults).toEqual([])
  })

  test.each([
    ['an unknown column', { extra: 1 }],
    ['another format', { v: 2 }],
    ['a count that is not the lines’', { count: 9 }],
    ['a missing MAC', { macs00: '' }],
    ['lines that are no text', { lines00: 5 }],
  ])('has a fault with %s', (_, change) => {
    const row = { ...packBlock(place, linksOf([1, 2])), ...change, etag: '' }
    expect(readBlock(row)?.faults).not.toEqual([])
  })

  test.each([
    ['another partition', { partitionKey: 'prune' }],
    ['an upper-case writer', { partitionKey: `2026112518|${WID.toUpperCase()}` }],
    ['another row key', { rowKey: '3' }],
  ])('is none under %s', (_, keys) => {
    expect(readBlock({ ...packBlock(place, linksOf([1])), ...keys, etag: '' })).toBeUndefined()
  })
})

test('an hour is UTC, ten digits', () => {
  expect(hourOf(Date.parse('2026-11-25T18:59:59.999Z'))).toBe('2026112518')
  expect(hourOf(Date.parse('2026-11-25T23:30:00-05:00'))).toBe('2026112604')
})
