import { describe, expect, it } from 'vitest'
import {
  createZoneClock,
  readDays,
  readTimeOfDay,
  readTimeWindow,
  windowHolds,
  zoneExists,
} from '../../../../shared/policy/match/clock.ts'

type Between = [string, string]

function holds(at: string, days: string | undefined, between: Between | undefined, zone = 'Europe/Berlin'): boolean {
  return windowHolds(readTimeWindow({ days, between, zone }), createZoneClock(zone)(Date.parse(at)))
}

describe('time windows', () => {
  it.each([
    ['from is included', '2026-11-25T07:00:00+01:00', 'wed', ['07:00', '20:00'], true],
    ['to is excluded', '2026-11-25T20:00:00+01:00', 'wed', ['07:00', '20:00'], false],
    ['the last second before to', '2026-11-25T19:59:59+01:00', 'wed', ['07:00', '20:00'], true],
    ['another day', '2026-11-26T12:00:00+01:00', 'wed', ['07:00', '20:00'], false],
    ['the day is that of the zone', '2026-11-25T23:30:00Z', 'thu', undefined, true],
    ['over midnight, before it', '2026-11-27T23:00:00+01:00', 'fri', ['22:00', '06:00'], true],
    ['over midnight, after it: still Friday’s', '2026-11-28T05:59:00+01:00', 'fri', ['22:00', '06:00'], true],
    ['over midnight, at its end', '2026-11-28T06:00:00+01:00', 'fri', ['22:00', '06:00'], false],
    ['over midnight, the morning of its own day', '2026-11-27T05:00:00+01:00', 'fri', ['22:00', '06:00'], false],
    ['over midnight from Saturday into Sunday', '2026-11-29T00:30:00+01:00', 'sat', ['22:00', '06:00'], true],
    ['until 24:00', '2026-11-25T23:59:59+01:00', 'wed', ['20:00', '24:00'], true],
    ['not after 24:00', '2026-11-26T00:00:00+01:00', 'wed', ['20:00', '24:00'], false],
    ['a range of days over the week’s end', '2026-11-30T12:00:00+01:00', 'fri-mon', undefined, true],
    ['outside such a range', '2026-12-01T12:00:00+01:00', 'fri-mon', undefined, false],
    ['every day when none is named', '2026-11-29T12:00:00+01:00', undefined, ['11:00', '13:00'], true],
  ] as const)('%s', (_name, at, days, between, expected) => {
    expect(holds(at, days, between as Between | undefined)).toBe(expected)
  })

  it('follows summer time: 07:00 in Berlin is 05:00 UTC in July and 06:00 UTC in November', () => {
    expect(holds('2026-07-01T05:00:00Z', undefined, ['07:00', '20:00'])).toBe(true)
    expect(holds('2026-07-01T04:59:59Z', undefined, ['07:00', '20:00'])).toBe(false)
    expect(holds('2026-11-25T05:00:00Z', undefined, ['07:00', '20:00'])).toBe(false)
  })

  it('holds in both hours called 02:xx when summer time ends, and in none when it begins', () => {
    const between: Between = ['02:00', '03:00']
    expect(holds('2026-10-25T00:30:00Z', undefined, between)).toBe(true)
    expect(holds('2026-10-25T01:30:00Z', undefined, between)).toBe(true)
    expect(holds('2026-10-25T02:00:00Z', undefined, between)).toBe(false)
    expect(holds('2026-03-29T00:59:59Z', undefined, between)).toBe(false)
    expect(holds('2026-03-29T01:00:00Z', undefined, between)).toBe(false)
  })

  it('goes on with the same clock from minute to minute', () => {
    const clock = createZoneClock('UTC')
    expect(clock(Date.parse('2026-11-25T11:59:59.999Z'))).toEqual({ day: 3, minute: 719 })
    expect(clock(Date.parse('2026-11-25T12:00:00Z'))).toEqual({ day: 3, minute: 720 })
    expect(clock(Date.parse('2026-11-25T00:00:00Z'))).toEqual({ day: 3, minute: 0 })
  })

  it.each(['mon', 'mon-fri', 'sat,sun', 'fri-mon,wed'])('accepts days %s', (days) => {
    expect(readDays(days)?.size).toBeGreaterThan(0)
  })

  it.each(['', 'Mon', 'mon-', '-mon', 'mon-tue-wed', 'weekdays', 'mon, tue', '1-5'])('refuses days %j', (days) => {
    expect(readDays(days)).toBeUndefined()
  })

  it.each(['7:00', '24:01', '25:00', '12:60', '12', '', '12:00:00', '-1:00'])('refuses the time of day %j', (time) => {
    expect(readTimeOfDay(time)).toBeUndefined()
  })

  it('accepts names of the IANA database alone', () => {
    for (const zone of ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires'])
      expect(zoneExists(zone)).toBe(true)
    for (const zone of ['+02:00', 'Mars/Olympus', '', '../etc/passwd', 'Europe/Berlin\n'])
      expect(zoneExists(zone)).toBe(false)
  })
})
