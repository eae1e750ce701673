import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  KEY_LIFE,
  planKeyRotation,
  type RotatableRow,
  type RotationStep,
} from '../../../../../shared/tokens/keys/rotation/plan-rotation.ts'

const NOW = Date.UTC(2026, 10, 25, 12)
const MINUTE = 60_000
const { activeMs, preparedAheadMs, preparedMs, retiringMs } = KEY_LIFE

const iso = (time: number) => new Date(time).toISOString()

/** A row that has been in its state for `age`. */
const row = (
  kid: string,
  state: RotatableRow['state'],
  age: number,
  more: Partial<RotatableRow> = {},
): RotatableRow => ({
  ...{ alg: 'ES256', kid, state, createdAt: iso(NOW - age), since: iso(NOW - age), lost: false },
  ...more,
})

const plan = (...rows: RotatableRow[]) =>
  planKeyRotation(rows, NOW).map((step) => ('kid' in step ? `${step.act} ${step.kid}` : step.act))

describe('what is due of a signing key’s life', () => {
  it.each<[string, RotatableRow[], string[]]>([
    ['nothing while it is young', [row('a', 'active', MINUTE)], []],
    ['nothing a moment before the next is prepared', [row('a', 'active', activeMs - preparedAheadMs - 1)], []],
    ['the next is prepared a day ahead', [row('a', 'active', activeMs - preparedAheadMs)], ['prepare']],
    ['one prepared key is enough', [row('a', 'active', activeMs - MINUTE), row('b', 'prepared', MINUTE)], []],
    [
      'late as it may be, none is made to sign before it was published',
      [row('a', 'active', 2 * activeMs)],
      ['prepare'],
    ],
    ['a moment too young to sign', [row('a', 'active', 2 * activeMs), row('b', 'prepared', preparedMs - 1)], []],
    [
      'the next signs when its time has come and everybody can know it',
      [row('a', 'active', activeMs), row('b', 'prepared', preparedMs)],
      ['activate b'],
    ],
    [
      'not before the time of the one that signs is over',
      [row('a', 'active', activeMs - 1), row('b', 'prepared', preparedAheadMs)],
      [],
    ],
    [
      'one that retires is kept',
      [row('b', 'active', MINUTE), row('a', 'retiring', retiringMs - 1, { createdAt: iso(0) })],
      [],
    ],
    ['and then goes', [row('b', 'active', MINUTE), row('a', 'retiring', retiringMs)], ['remove a']],
    ['a withdrawn key is replaced at once', [row('a', 'active', MINUTE, { lost: true })], ['prepare']],
    [
      'by one that has been published',
      [row('a', 'active', MINUTE, { lost: true }), row('b', 'prepared', preparedMs)],
      ['activate b'],
    ],
    [
      'and not by a withdrawn one',
      [row('a', 'active', activeMs), row('b', 'prepared', preparedMs, { lost: true })],
      ['prepare', 'remove b'],
    ],
    [
      'a prepared key too many goes',
      [row('a', 'active', 0), row('b', 'prepared', 9), row('c', 'prepared', 5)],
      ['remove b'],
    ],
    ['without an active key the prepared one signs', [row('b', 'prepared', preparedMs)], ['activate b']],
    ['a clock that was set back does nothing', [row('a', 'active', -activeMs), row('b', 'retiring', -retiringMs)], []],
    ['a time that is none does nothing', [row('a', 'active', 0, { since: 'soon' })], []],
    ['no row at all is not its business', [], []],
  ])('%s', (_what, rows, steps) => {
    expect(plan(...rows)).toEqual(steps)
  })

  it('each algorithm for itself', () => {
    const rows = [row('a', 'active', MINUTE), row('r', 'active', activeMs, { alg: 'RS256' })]
    expect(planKeyRotation(rows, NOW)).toEqual([{ act: 'prepare', alg: 'RS256' }])
  })

  it('a key is published longer than what an hour’s token and an hour without storage need', () => {
    expect(retiringMs).toBeGreaterThan(2 * 60 * MINUTE)
    // Our own copy of the table (twice the minute between readings) and the five minutes of a verifier's cache.
    expect(preparedMs).toBeGreaterThan(2 * MINUTE + 5 * MINUTE)
  })
})

type World = { now: number; rows: RotatableRow[]; made: number }

/** What the driver does to the rows. */
function apply(world: World, step: RotationStep): void {
  const find = (kid: string) => world.rows.find((each) => each.kid === kid)
  const move = (kid: string, state: RotatableRow['state']) => {
    const moved = find(kid)
    if (moved) Object.assign(moved, { state, since: iso(world.now) })
  }
  if (step.act === 'prepare') {
    const at = iso(world.now)
    world.rows.push({ ...row(`k${++world.made}`, 'prepared', 0), alg: step.alg, createdAt: at, since: at })
  } else if (step.act === 'activate') {
    move(step.kid, 'active')
    for (const kid of step.retire) move(kid, 'retiring')
  } else world.rows.splice(world.rows.indexOf(find(step.kid) as RotatableRow), 1)
}

describe('however long and irregularly the timer runs', () => {
  it('one key signs, each was published before, and none goes while a token of it may be valid', () => {
    const waits = fc.array(fc.integer({ min: 1, max: 40 * 24 * 60 }), { minLength: 20, maxLength: 60 })
    fc.assert(
      fc.property(waits, (minutes) => {
        const world: World = { now: NOW, rows: [row('k0', 'active', 0)], made: 0 }
        const published = new Map([['k0', 0]])
        const signedUntil = new Map<string, number>()
        for (const wait of minutes) {
          world.now += wait * MINUTE
          const before = world.rows.map(({ kid }) => kid)
          for (const { kid } of world.rows.filter(({ state }) => state === 'active')) signedUntil.set(kid, world.now)
          for (const step of planKeyRotation(structuredClone(world.rows), world.now)) apply(world, step)
          for (const { kid } of world.rows) if (!published.has(kid)) published.set(kid, world.now)
          const active = world.rows.filter(({ state }) => state === 'active')
          expect(active).toHaveLength(1)
          for (const { kid } of active)
            expect(world.now - (published.get(kid) ?? world.now)).toBeGreaterThanOrEqual(kid === 'k0' ? 0 : preparedMs)
          const gone = before.filter((kid) => !world.rows.some((each) => each.kid === kid))
          for (const kid of gone) expect(world.now - (signedUntil.get(kid) ?? 0)).toBeGreaterThanOrEqual(retiringMs)
          expect(world.rows.length).toBeLessThanOrEqual(3)
          expect(planKeyRotation(world.rows, world.now)).toEqual([])
        }
      }),
    )
  })
})
