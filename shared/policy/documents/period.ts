import { z } from 'zod'

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const
const PERIOD = /^([1-9]\d{0,5})([smhd])$/

/** `30d` → 2,592,000; undefined when it is not of that form. */
export function readPeriod(text: string): number | undefined {
  const [, count, unit] = PERIOD.exec(text) ?? []
  const seconds = Number(count) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS]
  return Number.isFinite(seconds) ? seconds : undefined
}

/** A length of time of at least and at most these seconds, such as `90s`, `15m`, `8h` or `30d`; kept as text. */
export function period(min: number, max: number) {
  return z.string().refine(
    (text) => {
      const seconds = readPeriod(text)
      return seconds !== undefined && seconds >= min && seconds <= max
    },
    `must be a time like 90s, 15m, 8h or 30d, from ${spoken(min)} to ${spoken(max)}`,
  )
}

function spoken(seconds: number): string {
  const [unit, size] = Object.entries(UNIT_SECONDS).findLast(([, size]) => seconds % size === 0) ?? ['s', 1]
  return `${seconds / size}${unit}`
}
