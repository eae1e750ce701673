/*
 * What .NET's TryParse methods accept in the invariant culture, as far as route constraints need it.
 * White space is [\t-\r ] as in .NET's number parser.
 */

const INTEGER = /^[\t-\r ]*([+-]?)(\d+)[\t-\r ]*$/
const DECIMAL = /^[\t-\r ]*[+-]?(?=[\d.,]*\d)(?:\d[\d,]*)?(?:\.\d*)?[+-]?[\t-\r ]*$/
const FLOAT = /^[\t-\r ]*[+-]?(?:(?=[\d.,]*\d)(?:\d[\d,]*)?(?:\.\d*)?(?:e[+-]?\d+)?|nan|infinity|∞)[\t-\r ]*$/i
const DECIMAL_MAX = 79_228_162_514_264_337_593_543_950_335n
const DASHED = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const GUID = new RegExp(`^\\s*(?:[0-9a-f]{32}|${DASHED}|\\{${DASHED}\\}|\\(${DASHED}\\))\\s*$`, 'i')
const TIME = '(\\d{1,2}):(\\d{2})(?::(\\d{2})(?:\\.\\d{1,7})?)?(?: ?([ap]m))?(?: ?(?:z|[+-]\\d{2}:?\\d{2}))?'
const TIME_ONLY = new RegExp(`^${TIME}$`, 'i')
const YEAR_FIRST = new RegExp(`^(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})(?:[t ]+(${TIME}))?$`, 'i')
const MONTH_FIRST = new RegExp(`^(\\d{1,2})[-/.](\\d{1,2})[-/.](\\d{4})(?: +(${TIME}))?$`, 'i')

export function isIntegerBetween(value: string, least: bigint, most: bigint): boolean {
  const found = INTEGER.exec(value)
  if (!found) return false
  const magnitude = BigInt(found[2] ?? '0')
  const number = found[1] === '-' ? -magnitude : magnitude
  return number >= least && number <= most
}

export function isBoolean(value: string): boolean {
  return /^\s*(?:true|false)\s*$/i.test(value)
}

export function isDecimal(value: string): boolean {
  if (!DECIMAL.test(value)) return false
  const whole = value.replace(/[^\d.]/g, '').split('.')[0] || '0'
  return BigInt(whole) <= DECIMAL_MAX
}

export function isFloat(value: string): boolean {
  return FLOAT.test(value)
}

export function isGuid(value: string): boolean {
  return GUID.test(value)
}

/** The common forms: year-month-day, month/day/year, each with an optional time, or a time alone. .NET takes more. */
export function isDateTime(value: string): boolean {
  const text = value.trim()
  const yearFirst = YEAR_FIRST.exec(text)
  if (yearFirst) return isDate(yearFirst[1], yearFirst[2], yearFirst[3]) && isTime(yearFirst[4])
  const monthFirst = MONTH_FIRST.exec(text)
  if (monthFirst) return isDate(monthFirst[3], monthFirst[1], monthFirst[2]) && isTime(monthFirst[4])
  return TIME_ONLY.test(text) && isTime(text)
}

function isDate(year: string | undefined, month: string | undefined, day: string | undefined): boolean {
  const [y, m, d] = [Number(year), Number(month), Number(day)]
  const date = new Date(Date.UTC(2000, m - 1, d))
  date.setUTCFullYear(y, m - 1, d)
  return y >= 1 && date.getUTCMonth() === m - 1 && date.getUTCDate() === d
}

function isTime(text: string | undefined): boolean {
  if (text === undefined) return true
  const [, hour, minute, second, half] = TIME_ONLY.exec(text) ?? []
  const h = Number(hour)
  const inDay = half === undefined ? h <= 23 : h >= 1 && h <= 12
  return inDay && Number(minute) <= 59 && Number(second ?? 0) <= 59
}
