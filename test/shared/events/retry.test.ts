import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_AGE_MS, MAX_ATTEMPTS, nextOf } from '../../../shared/events/retry.ts'

const NOW = Date.UTC(2026, 10, 26, 9)
const facts = { attempts: 1, since: NOW, now: NOW, random: 0.5 }

describe('nextOf', () => {
  it.each([200, 201, 202, 204, 299])('done: %i', (status) => {
    expect(nextOf({ status }, facts)).toEqual({ next: 'done' })
  })

  it.each([400, 401, 403, 404, 408, 429, 500, 503])('later: %i', (status) => {
    expect(nextOf({ status }, facts)).toMatchObject({ next: 'later', at: NOW + 30_000, reason: `answered_${status}` })
  })

  it.each(['callback_redirected', 'callback_private_address', 'callback_answer_too_large', 'callback_timeout'])(
    'later: %s',
    (fault) => {
      expect(nextOf({ fault }, facts)).toMatchObject({ next: 'later', reason: fault })
    },
  )

  it('gone: 410 at once, and what only the setting or the subscriber can change', () => {
    expect(nextOf({ status: 410 }, facts)).toEqual({ next: 'gone', reason: 'answered_410' })
    for (const fault of ['callback_not_allowed', 'callback_malformed', 'callback_lost'])
      expect(nextOf({ fault }, facts)).toEqual({ next: 'gone', reason: fault })
  })

  it('park: after the last attempt, or where the wait would last longer than the event is worth', () => {
    expect(nextOf({ status: 500 }, { ...facts, attempts: MAX_ATTEMPTS })).toMatchObject({ next: 'park' })
    const old = { ...facts, attempts: 2, since: NOW - MAX_AGE_MS }
    expect(nextOf({ status: 500 }, old)).toMatchObject({ next: 'park' })
  })

  it('is within bounds whatever is answered: never sooner than asked, never for ever', () => {
    const text = fc.oneof(
      fc.string(),
      fc.nat().map(String),
      fc.date({ noInvalidDate: true }).map((at) => at.toUTCString()),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        text,
        fc.integer({ min: 1, max: MAX_ATTEMPTS }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (status, retryAfter, attempts, random) => {
          const next = nextOf({ status, retryAfter }, { ...facts, attempts, random })
          if (next.next !== 'later') return
          expect(next.at).toBeGreaterThanOrEqual(NOW + 24_000)
          expect(next.at).toBeLessThanOrEqual(NOW + 86_400_000)
          if (/^\d{1,5}$/.test(retryAfter)) expect(next.at).toBeGreaterThanOrEqual(NOW + Number(retryAfter) * 1_000)
        },
      ),
    )
  })
})
