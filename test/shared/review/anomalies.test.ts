import { describe, expect, it } from 'vitest'
import type { Activity } from '../../../shared/audit/last-use/activity.ts'
import { anomaliesOf } from '../../../shared/review/anomalies.ts'
import { DAY, entra, facts, NOW, use } from '../../support/review-facts.ts'

const HOUR = 3_600_000
const hour = (back: number, reads: number, denials: [number, number][] = []): Activity => ({
  ...{ principal: entra(1), hour: NOW - back * HOUR, reads, denials: new Map(denials) },
})
const kinds = (more: Parameters<typeof facts>[0]) => anomaliesOf(facts(more)).map(({ what }) => what)

describe('anomalies', () => {
  it('first read: of a secret that others read before the last day; not where everything is new', () => {
    const old = use('a', entra(1))
    const young = use('a', entra(2), { firstRead: NOW - HOUR })
    expect(anomaliesOf(facts({ uses: [old, young] }))).toMatchObject([{ what: 'first_read', principal: entra(2) }])
    expect(kinds({ uses: [young] })).toEqual([])
    expect(kinds({ uses: [old, { ...young, principal: entra(1), version: 'b'.repeat(32) }] })).toEqual([])
  })

  it('burst: more than five times the busiest hour of the fourteen days before', () => {
    expect(kinds({ activity: [hour(48, 10), hour(2, 50)] })).toEqual([])
    expect(kinds({ activity: [hour(48, 10), hour(2, 51)] })).toEqual(['burst'])
    expect(kinds({ activity: [hour(16 * 24, 10), hour(2, 51)] })).toEqual([])
  })

  it('denials: twenty within five minutes, across the hour too; nineteen are none', () => {
    expect(kinds({ activity: [hour(2, 0, [[10, 19]])] })).toEqual([])
    expect(
      kinds({
        activity: [
          hour(2, 0, [
            [10, 19],
            [14, 1],
          ]),
        ],
      }),
    ).toEqual(['denials'])
    expect(
      kinds({
        activity: [
          hour(2, 0, [
            [10, 19],
            [15, 1],
          ]),
        ],
      }),
    ).toEqual([])
    expect(kinds({ activity: [hour(3, 0, [[58, 10]]), hour(2, 0, [[1, 10]])] })).toEqual(['denials'])
    expect(kinds({ activity: [hour(30, 0, [[10, 50]])] })).toEqual([])
  })

  it('one thing has one id, whenever it is found', () => {
    const uses = [use('a', entra(1)), use('a', entra(2), { firstRead: NOW - HOUR })]
    const later = anomaliesOf({ ...facts({ uses }), now: NOW + HOUR })
    expect(later.map(({ id }) => id)).toEqual(anomaliesOf(facts({ uses })).map(({ id }) => id))
    expect(anomaliesOf({ ...facts({ uses }), now: NOW + 2 * DAY })).toEqual([])
  })
})
