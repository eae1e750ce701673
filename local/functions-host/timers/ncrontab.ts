import { parseField } from './cron-field.ts'

type Fields = {
  seconds: readonly number[]
  minutes: readonly number[]
  hours: readonly number[]
  days: readonly number[]
  months: readonly number[]
  weekdays: readonly number[]
}

/** Occurrence after a time, both in ms since the epoch, UTC; Infinity when there is none. */
export type Cron = (after: number) => number

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]
const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

/** Feb 29 on a given weekday comes back within 40 years even across 2100. */
const HORIZON_YEARS = 41

/**
 * NCRONTAB (5 fields, or 6 with seconds first); undefined when the text is not one. Day of month AND day of week must both
 * match, weekdays are 0 to 6. Times are UTC: local time would repeat or skip an hour.
 */
export function createCron(text: string): Cron | undefined {
  const parts = text.trim().split(/\s+/)
  if (parts.length === 5) parts.unshift('0')
  const [second, minute, hour, day, month, weekday] = parts
  if (parts.length !== 6 || weekday === undefined) return undefined
  const seconds = parseField(second ?? '', { min: 0, max: 59 })
  const minutes = parseField(minute ?? '', { min: 0, max: 59 })
  const hours = parseField(hour ?? '', { min: 0, max: 23 })
  const days = parseField(day ?? '', { min: 1, max: 31 })
  const months = parseField(month ?? '', { min: 1, max: 12, names: MONTHS })
  const weekdays = parseField(weekday, { min: 0, max: 6, names: WEEKDAYS })
  if (!seconds || !minutes || !hours || !days || !months || !weekdays) return undefined
  return (after) => next({ seconds, minutes, hours, days, months, weekdays }, after)
}

function next(fields: Fields, after: number): number {
  const start = new Date((Math.floor(after / 1000) + 1) * 1000)
  const firstDay = Date.UTC(start.getUTCFullYear(), start.getUTCMonth(), start.getUTCDate())
  const today = isDay(fields, new Date(firstDay)) ? timeOfDay(fields, start.getTime() - firstDay) : undefined
  if (today !== undefined) return firstDay + today
  const day = nextDay(fields, start)
  return day === undefined ? Number.POSITIVE_INFINITY : day + (timeOfDay(fields, 0) ?? 0)
}

function isDay(fields: Fields, date: Date): boolean {
  return (
    fields.months.includes(date.getUTCMonth() + 1) &&
    fields.days.includes(date.getUTCDate()) &&
    fields.weekdays.includes(date.getUTCDay())
  )
}

/** First midnight after the day of `start` that fits. */
function nextDay(fields: Fields, start: Date): number | undefined {
  const lastYear = start.getUTCFullYear() + HORIZON_YEARS
  for (let year = start.getUTCFullYear(); year <= lastYear; year++) {
    for (const month of fields.months) {
      for (const day of fields.days) {
        const date = new Date(Date.UTC(year, month - 1, day))
        if (date.getTime() <= start.getTime() || date.getUTCDate() !== day) continue
        if (fields.weekdays.includes(date.getUTCDay())) return date.getTime()
      }
    }
  }
  return undefined
}

/** Milliseconds into the day of the first time not before `from`. */
function timeOfDay({ hours, minutes, seconds }: Fields, from: number): number | undefined {
  const first = Math.floor(from / 1000)
  for (const hour of hours) {
    if (hour * 3600 + 3599 < first) continue
    for (const minute of minutes) {
      const base = hour * 3600 + minute * 60
      if (base + 59 < first) continue
      const second = seconds.find((candidate) => base + candidate >= first)
      if (second !== undefined) return (base + second) * 1000
    }
  }
  return undefined
}
