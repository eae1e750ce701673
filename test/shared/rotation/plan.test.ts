import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RotationDocument } from '../../../shared/policy/documents/rotation.ts'
import {
  aborted,
  afterFailure,
  afterSuccess,
  canAbort,
  newRun,
  planMove,
  resumed,
} from '../../../shared/rotation/plan.ts'
import type { Run } from '../../../shared/rotation/run.ts'
import { rotationDocument } from '../../support/rotation.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const NOW = Date.parse('2026-11-25T00:00:00Z')
const facts = { now: NOW, familyFreeAt: Number.NEGATIVE_INFINITY, stragglers: [], readsKnownUntil: 0 }

const document = (fields: Record<string, unknown> = {}) =>
  rotationDocument({ name: 'it', secret: 'main/it', rotator: 'generate', every: '30d', ...fields })

const state = (run?: Run, lastRotatedAt?: number) => ({
  name: 'it',
  fence: 1,
  ...(run && { run }),
  ...(lastRotatedAt !== undefined && { lastRotatedAt }),
})

const run = (changes: Partial<Run> = {}): Run => ({
  ...newRun({ id: 'a'.repeat(32), of: '', by: 'schedule', now: NOW }),
  ...changes,
})

describe('when a run begins', () => {
  const windowed = document({
    window: { days: 'mon,wed', between: ['02:00', '04:00'], zone: 'UTC' },
    blackout: [{ from: '2026-12-01T00:00:00Z', until: '2026-12-10T00:00:00Z' }],
  })

  it('never outside its window, in a blackout or before it is due, whatever the time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 * DAY }), fc.integer({ min: -90 * DAY, max: 60 * DAY }), (at, last) => {
        const now = NOW + at
        const move = planMove(windowed, state(undefined, NOW + last), { ...facts, now })
        const date = new Date(now)
        if (move.move === 'start') {
          expect([1, 3]).toContain(date.getUTCDay())
          expect([2, 3]).toContain(date.getUTCHours())
          expect(now < Date.parse('2026-12-01T00:00:00Z') || now >= Date.parse('2026-12-10T00:00:00Z')).toBe(true)
          expect(now - (NOW + last)).toBeGreaterThanOrEqual(30 * DAY)
        } else if (move.move === 'wait') {
          expect(move.until).toBeGreaterThan(now)
          // The time that it waits for is one at which it begins.
          const then = planMove(windowed, state(undefined, NOW + last), { ...facts, now: move.until })
          if (last <= at) expect(then.move).toBe('start')
        } else throw new Error('a step without a run')
      }),
    )
  })

  it('never before the family is free', () => {
    fc.assert(
      fc.property(fc.integer({ min: -DAY, max: DAY }), (free) => {
        const move = planMove(document(), state(undefined, NOW - 60 * DAY), { ...facts, familyFreeAt: NOW + free })
        expect(move.move).toBe(free <= 0 ? 'start' : 'wait')
      }),
    )
  })

  it('counts from when the secret was last made new, not from when the old one went', () => {
    const last = run({ state: 'retired', endedAt: NOW - 10 * DAY })
    expect(planMove(document(), state(last, NOW - 30 * DAY), facts)).toEqual({ move: 'start' })
  })

  it('after an abort counts from there', () => {
    const last = aborted(run(), NOW - DAY)
    expect(planMove(document(), state(last, NOW - 90 * DAY), facts)).toEqual({ move: 'wait', until: NOW + 29 * DAY })
  })

  it('after a wrong clock counts from the version’s own time', () => {
    const move = planMove(document(), state(undefined, NOW + 3_650 * DAY), { ...facts, currentSince: NOW - 31 * DAY })
    expect(move).toEqual({ move: 'start' })
  })
})

describe('after a failure', () => {
  it('backs off twice as long each time, never longer than the cap, and is stuck after its tries', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 600 }), (attempts, cap) => {
        const rotation = document({ onFailure: { attempts, backoff: '10s', cap: `${cap}s` } })
        let failing = run({ state: 'set' })
        for (let failures = 1; failures <= attempts; failures += 1) {
          failing = afterFailure(rotation, failing, { reason: 'x', now: NOW })
          if (failures === attempts) break
          expect(failing.state).toBe('set')
          expect(failing.notBefore - NOW).toBe(Math.min(10_000 * 2 ** (failures - 1), cap * 1_000))
        }
        expect(failing).toMatchObject({ state: 'stuck', stuckIn: 'set', attempts })
        expect(planMove(rotation, state(failing), facts)).toEqual({ move: 'wait', until: Number.POSITIVE_INFINITY })
        expect(resumed(failing, NOW)).toMatchObject({ state: 'set', attempts: 0 })
        expect(canAbort(failing)).toBe(true)
      }),
    )
  })
})

describe('verify', () => {
  it('needs that many successes in a row over at least that time, and begins anew after a failure', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 60 })), { maxLength: 30 }),
        (successes, tries) => {
          const rotation = document({ verify: { successes, over: '1m' }, onFailure: { attempts: 20 } })
          let trying = run({ state: 'set' })
          let row: number[] = []
          let now = NOW
          for (const [works, seconds] of tries) {
            now += seconds * 1_000
            row = works ? [...row, now] : []
            trying = works
              ? afterSuccess(rotation, trying, { step: 'verify', now })
              : afterFailure(rotation, trying, { reason: 'x', now })
            const isEnough = row.length >= successes && now - (row[0] ?? now) >= MINUTE
            if (trying.state === 'stuck') return
            expect(trying.state === 'verified').toBe(isEnough)
            if (isEnough) return
          }
        },
      ),
    )
  })
})

describe('retirement', () => {
  const rotation: RotationDocument = document({ overlap: '1h', retire: { lookBack: '1d', deadline: '2d' } })
  const published = run({ state: 'current', publishedAt: NOW, version: 'v' })

  it('never comes before overlap and pick-up, nor later than the deadline', () => {
    const arbitrary = fc.record({
      after: fc.integer({ min: 0, max: 3 * DAY }),
      stragglers: fc.array(fc.constant('entra:x:y'), { maxLength: 2 }),
      known: fc.integer({ min: -DAY, max: 3 * DAY }),
    })
    fc.assert(
      fc.property(arbitrary, ({ after, stragglers, known }) => {
        const now = NOW + after
        const move = planMove(rotation, state(published), { ...facts, now, stragglers, readsKnownUntil: NOW + known })
        const mayGo = after >= 2 * DAY || (after >= HOUR && stragglers.length === 0 && known > 0)
        expect(move.move).toBe(mayGo ? 'step' : 'wait')
        if (move.move === 'wait') {
          expect(move.until).toBeGreaterThan(now)
          expect(move.until).toBeLessThanOrEqual(NOW + 2 * DAY)
        }
      }),
    )
  })
})

describe('waits of a run', () => {
  it('survive a clock that was set back: none is longer than the machine sets', () => {
    const waiting = run({ state: 'set', notBefore: NOW + 3_650 * DAY })
    expect(planMove(document(), state(waiting), facts)).toEqual({ move: 'step', step: 'verify' })
  })
})
