import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dueAfter, mayBeginFrom } from '../../../shared/rotation/schedule.ts'
import { rotationDocument } from '../../support/rotation.ts'

const HOUR = 3_600_000
const NOW = Date.parse('2026-11-25T00:00:00Z')
const document = (fields: Record<string, unknown>) =>
  rotationDocument({ name: 'it', secret: 'main/it', rotator: 'generate', ...fields })

describe('the delay of a run', () => {
  it('is the same for the same run, less than its bound, and another for another name', () => {
    const one = document({ every: '1d', jitter: '2h' })
    const delays = new Set<number>()
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 12 }), (from) => {
        const due = dueAfter(one, from)
        expect(due).toBe(dueAfter(document({ every: '1d', jitter: '2h' }), from))
        expect(due - from).toBeGreaterThanOrEqual(24 * HOUR)
        expect(due - from).toBeLessThan(26 * HOUR)
        delays.add(due - from)
      }),
    )
    expect(delays.size).toBeGreaterThan(50)
    expect(dueAfter({ ...one, name: 'other' }, NOW)).not.toBe(dueAfter(one, NOW))
  })
})

describe('cron', () => {
  it('is read in the window’s zone', () => {
    const window = { between: ['00:00', '23:59'], zone: 'Europe/Berlin' }
    expect(dueAfter(document({ cron: '0 3 * * *', window }), NOW)).toBe(Date.parse('2026-11-25T02:00:00Z'))
    expect(dueAfter(document({ cron: '0 3 * * *' }), NOW)).toBe(Date.parse('2026-11-25T03:00:00Z'))
  })
})

describe('the first moment at which a run may begin', () => {
  it('is not before the asked one, within a window and outside blackouts', () => {
    const rotation = document({
      every: '1d',
      window: { between: ['22:00', '02:00'], zone: 'UTC' },
      blackout: [
        { from: '2026-12-20T00:00:00Z', until: '2027-01-04T00:00:00Z' },
        { from: '2027-01-03T00:00:00Z', until: '2027-01-05T00:00:00Z' },
      ],
    })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 * 24 * HOUR }), (after) => {
        const at = mayBeginFrom(rotation, NOW + after)
        expect(at).toBeGreaterThanOrEqual(NOW + after)
        expect([22, 23, 0, 1]).toContain(new Date(at).getUTCHours())
        expect(at < Date.parse('2026-12-20T00:00:00Z') || at >= Date.parse('2027-01-05T00:00:00Z')).toBe(true)
      }),
    )
  })

  it('is none without end', () => {
    const blackout = [{ from: '2026-01-01T00:00:00Z', until: '2126-01-01T00:00:00Z' }]
    expect(mayBeginFrom(document({ every: '1d', blackout }), NOW)).toBe(Date.parse('2126-01-01T00:00:00Z'))
  })
})
