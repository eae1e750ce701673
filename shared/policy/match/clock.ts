const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
const MINUTES_A_DAY = 1_440

export type TimeWindow = {
  /** Weekdays, 0 = Sunday, on which a window may begin. */
  days: ReadonlySet<number>
  /** Minutes after local midnight: from (included) to (excluded); `to` ≤ `from` goes over midnight. */
  from: number
  to: number
  zone: string
}

/** `mon-fri`, `sat,sun`, `fri-mon`; undefined when it is not of that form. */
export function readDays(text: string): ReadonlySet<number> | undefined {
  const days = new Set<number>()
  for (const part of text.split(',')) {
    const [first = '', last = first, ...more] = part.split('-')
    const [from, to] = [dayNumber(first), dayNumber(last)]
    if (from < 0 || to < 0 || more.length > 0) return undefined
    for (let day = from; ; day = (day + 1) % 7) {
      days.add(day)
      if (day === to) break
    }
  }
  return days
}

/** `07:30` → 450, up to `24:00`; undefined when it is not of that form. */
export function readTimeOfDay(text: string): number | undefined {
  const [, hours, minutes] = /^([01]\d|2[0-4]):([0-5]\d)$/.exec(text) ?? []
  const total = Number(hours) * 60 + Number(minutes)
  return total <= MINUTES_A_DAY ? total : undefined
}

/** Read once: the list takes a quarter of a millisecond to get. */
let commonZones: ReadonlySet<string> | undefined

/** Names of the IANA database only: an offset such as `+02:00` would be wrong half of the year. */
export function zoneExists(zone: string): boolean {
  commonZones ??= new Set(['UTC', ...Intl.supportedValuesOf('timeZone')])
  if (commonZones.has(zone)) return true
  if (!/^[A-Za-z]/.test(zone)) return false
  try {
    // The list leaves out aliases; making a formatter is slow.
    return Boolean(new Intl.DateTimeFormat('en-US', { timeZone: zone }))
  } catch {
    return false
  }
}

export function readTimeWindow(time: {
  days?: string | undefined
  between?: [string, string] | undefined
  zone: string
}): TimeWindow {
  const [from, to] = time.between ?? ['00:00', '24:00']
  return {
    days: readDays(time.days ?? 'sun-sat') ?? new Set(),
    from: readTimeOfDay(from) ?? 0,
    to: readTimeOfDay(to) ?? 0,
    zone: time.zone,
  }
}

/** A window over midnight belongs to the day on which it begins: Friday's 22:00–06:00 holds on Saturday at 05:59. */
export function windowHolds({ days, from, to }: TimeWindow, { day, minute }: LocalTime): boolean {
  if (from < to) return days.has(day) && minute >= from && minute < to
  if (minute >= from) return days.has(day)
  return minute < to && days.has((day + 6) % 7)
}

export type LocalTime = { day: number; minute: number }

/** As people write it: `{ day: 'wed', time: '07:30' }`. */
export function wallClock({ day, minute }: LocalTime): { day: string; time: string } {
  const two = (count: number) => String(count).padStart(2, '0')
  return { day: DAYS[day] ?? '', time: `${two(Math.floor(minute / 60))}:${two(minute % 60)}` }
}

/** A clock on the wall of one zone, summer time included; asks Intl once a minute at most. `now` in milliseconds. */
export function createZoneClock(zone: string): (now: number) => LocalTime {
  let format: Intl.DateTimeFormat | undefined
  let lastMinute: number | undefined
  let last: LocalTime = { day: 0, minute: 0 }
  return (now) => {
    // Offsets of zones with seconds ended before 1972, so a minute of UTC is a minute anywhere.
    const minute = Math.floor(now / 60_000)
    if (minute === lastMinute) return last
    format ??= new Intl.DateTimeFormat('en-US', { ...WALL_CLOCK, timeZone: zone })
    const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]))
    last = {
      day: dayNumber((parts['weekday'] ?? '').toLowerCase()),
      minute: Number(parts['hour']) * 60 + Number(parts['minute']),
    }
    lastMinute = minute
    return last
  }
}

const WALL_CLOCK = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const

const dayNumber = (name: string) => DAYS.indexOf(name as (typeof DAYS)[number])
