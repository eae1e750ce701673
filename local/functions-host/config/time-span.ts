const UNIT = { day: 86_400_000, hour: 3_600_000, minute: 60_000, second: 1000 }

/**
 * Milliseconds of a .NET TimeSpan text: `d`, `hh:mm`, `[d.]hh:mm[:ss[.fff]]`, `d:hh:mm:ss`, with an optional minus.
 * Undefined when it is not one. Trap: `24:00:00` means 24 days, because 24 is no hour.
 */
export function parseTimeSpan(text: string): number | undefined {
  const found = /^(-?)(?:(\d+)|(?:(\d+)[.:])?(\d+):(\d+)(?::(\d+)(?:\.(\d{1,7}))?)?)$/.exec(text.trim())
  if (!found) return undefined
  const [, sign, onlyDays, ...rest] = found
  const ms = onlyDays === undefined ? ofParts(rest) : Number(onlyDays) * UNIT.day
  if (ms === undefined || !Number.isSafeInteger(ms)) return undefined
  return sign === '-' && ms !== 0 ? -ms : ms
}

function ofParts([days, first, second, third, fraction]: (string | undefined)[]): number | undefined {
  const fractionMs = fraction === undefined ? 0 : Math.floor(Number(fraction.padEnd(7, '0')) / 10_000)
  let [d, h, m, s] = [days, first, second, third].map((part) => Number(part ?? 0)) as [number, number, number, number]
  if (days === undefined && h > 23 && third !== undefined && fraction === undefined) {
    ;[d, h, m, s] = [h, m, s, 0]
  }
  if (h > 23 || m > 59 || s > 59) return undefined
  return d * UNIT.day + h * UNIT.hour + m * UNIT.minute + s * UNIT.second + fractionMs
}
