import { describe, expect, it } from 'vitest'
import type { Use } from '../../../shared/audit/last-use/uses.ts'
import { impactOf } from '../../../shared/rotation/impact.ts'
import { rotationDocument } from '../../support/rotation.ts'

const HOUR = 3_600_000
const NOW = Date.UTC(2026, 10, 25)
const rotation = rotationDocument({
  ...{ name: 'key', secret: 'main/key', rotator: 'generate', every: '30d' },
  retire: { lookBack: '7d', deadline: '1d' },
})
const use = (principal: string, version: string, { hours, reads }: { hours: number; reads: number }): Use => ({
  ...{ principal, version, reads },
  ...{ firstRead: NOW - hours * HOUR, lastRead: NOW },
})

describe('whom a rotation would break', () => {
  it('is who holds an old version, reads more seldom than the old one lives on, or was seen once', () => {
    const { readers, willBreak } = impactOf(
      rotation,
      [
        use('a-often', 'now', { hours: 10, reads: 11 }),
        use('b-seldom', 'now', { hours: 50, reads: 3 }),
        use('c-old', 'before', { hours: 10, reads: 11 }),
        use('d-once', 'now', { hours: 0, reads: 1 }),
      ],
      'now',
    )
    expect(readers.map(({ principal, risk, everySeconds }) => [principal, risk, everySeconds])).toEqual([
      ['a-often', 'none', 3_600],
      ['b-seldom', 'reads_too_seldom', 90_000],
      ['c-old', 'holds_an_old_version', 3_600],
      ['d-once', 'seen_once', undefined],
    ])
    expect(willBreak).toEqual(['b-seldom', 'c-old', 'd-once'])
  })

  it('counts every version that one principal read as reads of one, and the latest as what it holds', () => {
    const both = [
      use('p', 'before', { hours: 20, reads: 5 }),
      { ...use('p', 'now', { hours: 1, reads: 6 }), lastRead: NOW + 1 },
    ]
    const [reader] = impactOf(rotation, both, 'now').readers
    expect(reader).toMatchObject({ reads: 11, upToDate: true, risk: 'none', everySeconds: 7_200 })
    expect(impactOf(rotation, [], 'now')).toEqual({ readers: [], willBreak: [] })
  })
})
