const DAY_MS = 86_400_000

/**
 * Milliseconds of a .NET TimeSpan text: `d`, `[d.]hh:mm[:ss[.fffffff]]`, `d:hh:mm:ss[.fffffff]`, with an optional minus.
 * Undefined when it is not one. Trap: `24:00:00` means 24 days, because 24 is no hour.
 */
export function parseTimeSpan(text: string): number | undefined {
  const found = /^(-?)(?:(\d+)\.)?(\d+(?::\d+){0,3})(?:\.(\d{1,7}))?$/.exec(text.trim())
  if (!found) return undefined
  const [, sign, days, rest = '', fraction] = found
  const parts = arrange(days, rest.split(':').map(Number), fraction !== undefined)
  if (!parts) return undefined
  const [d, h, m, s] = parts
  if (h > 23 || m > 59 || s > 59) return undefined
  const ms = d * DAY_MS + h * 3_600_000 + m * 60_000 + s * 1000 + Math.floor(Number(`0.${fraction ?? 0}`) * 1000)
  if (!Number.isSafeInteger(ms)) return undefined
  return sign === '-' && ms !== 0 ? -ms : ms
}

type Parts = [days: number, hours: number, minutes: number, seconds: number]

function arrange(days: string | undefined, numbers: number[], hasFraction: boolean): Parts | undefined {
  const [a = 0, b = 0, c = 0, d = 0] = numbers
  const count = numbers.length
  if (days !== undefined) return count === 3 || (count === 2 && !hasFraction) ? [Number(days), a, b, c] : undefined
  if (count === 4) return [a, b, c, d]
  if (count === 3) return a > 23 && !hasFraction ? [a, b, c, 0] : [0, a, b, c]
  if (hasFraction) return undefined
  return count === 2 ? [0, a, b, 0] : [a, 0, 0, 0]
}
