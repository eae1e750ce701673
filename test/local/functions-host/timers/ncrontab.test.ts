import { describe, expect, test } from 'vitest'
import { createCron } from '../../../../local/functions-host/timers/ncrontab.ts'

type Field = { text: string; values: Set<number> }
type Range = readonly [min: number, max: number]

const RANGES = {
  second: [0, 59],
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  month: [1, 12],
  weekday: [0, 6],
} as const
const EXPRESSIONS = 400
const WINDOW_SECONDS = 150_000
const MIDNIGHT = Date.UTC(2026, 1, 27)

/** Small, seeded: a failure comes back. */
function createRandom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const random = createRandom(20_261_125)
const between = ([min, max]: Range) => min + random(max - min + 1)

function steps(from: number, to: number, step: number): number[] {
  const values: number[] = []
  for (let value = from; value <= to; value += step) values.push(value)
  return values
}

/** One item of a field, made together with what it means, so that the check shares nothing with the parser. */
function randomItem(range: Range): { text: string; values: number[] } {
  const [min, max] = range
  const step = 1 + random(20)
  const [a, b] = [between(range), between(range)]
  const [low, high] = [Math.min(a, b), Math.max(a, b)]
  switch (random(5)) {
    case 0:
      return { text: `*/${step}`, values: steps(min, max, step) }
    case 1:
      return { text: `${a}-${b}`, values: steps(low, high, 1) }
    case 2:
      return { text: `${a}-${b}/${step}`, values: steps(low, high, step) }
    case 3:
      return { text: `${a}/${step}`, values: steps(a, max, step) }
    default:
      return { text: String(a), values: [a] }
  }
}

function randomField(range: Range, starChance: number): Field {
  if (random(100) < starChance) return { text: '*', values: new Set(steps(range[0], range[1], 1)) }
  const items = steps(0, random(3), 1).map(() => randomItem(range))
  return { text: items.map(({ text }) => text).join(','), values: new Set(items.flatMap(({ values }) => values)) }
}

/** The first second after `after` that fits, found by looking at every one of them. */
function firstFitting(fields: Record<keyof typeof RANGES, Field>, after: number, until: number): number {
  let date = new Date(0)
  let day = -1
  for (let second = Math.floor(after / 1000) + 1; second <= until / 1000; second++) {
    const today = Math.floor(second / 86_400)
    if (today !== day) {
      day = today
      date = new Date(second * 1000)
    }
    const inDay = second % 86_400
    if (
      fields.second.values.has(inDay % 60) &&
      fields.minute.values.has(Math.floor(inDay / 60) % 60) &&
      fields.hour.values.has(Math.floor(inDay / 3600)) &&
      fields.day.values.has(date.getUTCDate()) &&
      fields.month.values.has(date.getUTCMonth() + 1) &&
      fields.weekday.values.has(date.getUTCDay())
    ) {
      return second * 1000
    }
  }
  return Number.POSITIVE_INFINITY
}

describe('NCRONTAB', () => {
  test(`agrees with a second-by-second search on ${EXPRESSIONS} random expressions`, () => {
    let found = 0
    for (let index = 0; index < EXPRESSIONS; index++) {
      const fields = {
        second: randomField(RANGES.second, 20),
        minute: randomField(RANGES.minute, 40),
        hour: randomField(RANGES.hour, 50),
        day: randomField(RANGES.day, 60),
        month: randomField(RANGES.month, 80),
        weekday: randomField(RANGES.weekday, 70),
      }
      const { second, minute, hour, day, month, weekday } = fields
      const text = [second, minute, hour, day, month, weekday].map((field) => field.text).join(' ')
      // Every third start looks first at a second 59, every sixth at the last of an hour.
      const unit = index % 6 === 0 ? 3_600_000 : index % 3 === 0 ? 60_000 : 1
      const after = Math.ceil((MIDNIGHT + random(86_400_000)) / unit) * unit - (unit === 1 ? 0 : 1500)
      const until = after + WINDOW_SECONDS * 1000
      const expected = firstFitting(fields, after, until)
      const actual = createCron(text)?.(after)
      expect(
        actual === undefined || actual <= until ? actual : Number.POSITIVE_INFINITY,
        `${text} after ${after}`,
      ).toBe(expected)
      if (Number.isFinite(expected)) found++
    }
    expect(found).toBeGreaterThan(EXPRESSIONS / 4)
  })

  test('never: a date that does not exist, at once', () => {
    expect(createCron('0 0 0 31 2 *')?.(MIDNIGHT)).toBe(Number.POSITIVE_INFINITY)
  })

  test.each([
    ['0 30 2 * * *', '2026-02-27T02:30:00Z', '2026-02-28T02:30:00Z'],
    ['30 2 * * *', '2026-02-27T02:29:59.999Z', '2026-02-27T02:30:00Z'],
    ['0 0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['0 0 0 29 2 1', '2096-03-01T00:00:00Z', '2112-02-29T00:00:00Z'],
    ['0 0 12 13 * FRI', '2026-02-01T00:00:00Z', '2026-02-13T12:00:00Z'],
    ['0 0 0 1 Jan,jul *', '2026-02-01T00:00:00Z', '2026-07-01T00:00:00Z'],
    ['0 0 0 * * mon-wed', '2026-02-27T00:00:00Z', '2026-03-02T00:00:00Z'],
    ['59 59 23 31 12 *', '2026-12-31T23:59:59Z', '2027-12-31T23:59:59Z'],
    ['* * * * * *', '2026-02-27T23:59:58.500Z', '2026-02-27T23:59:59Z'],
    ['59 59 * * * *', '2026-02-27T00:59:58Z', '2026-02-27T00:59:59Z'],
    ['* * * * * *', '2026-02-27T00:00:00.500Z', '2026-02-27T00:00:01Z'],
    ['0 */0 * * * *', '2026-02-27T00:00:30Z', '2026-02-27T00:01:00Z'],
  ])('%s after %s is %s', (text, after, expected) => {
    expect(new Date(createCron(text)?.(Date.parse(after)) ?? 0)).toEqual(new Date(expected))
  })

  test.each([
    '',
    '* * * *',
    '* * * * * * *',
    '60 * * * * *',
    '* 60 * * * *',
    '* * 24 * * *',
    '* * * 0 * *',
    '* * * 32 * *',
    '* * * * 13 *',
    '* * * * * 7',
    '* * * * * ?',
    '* * * L * *',
    '1,,2 * * * * *',
    '1- * * * * *',
    '-1 * * * * *',
    '1/2/3 * * * * *',
    '*/x * * * * *',
    '1-2-3 * * * * *',
    'mon * * * * *',
    '* * * * * xyz',
    '1.5 * * * * *',
    '@daily',
    '+1 * * * * *',
  ])('refuses %j', (text) => {
    expect(createCron(text)).toBeUndefined()
  })
})
