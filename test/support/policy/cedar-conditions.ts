import type { Expr } from '@cedar-policy/cedar-wasm/nodejs'
import { and, call, context, dot, equal, has, less, matchesPattern, not, or, value } from './cedar-expressions.ts'

export type Wanted = string | number | boolean

export type When = {
  ip?: string[]
  time?: { days?: string; between?: [string, string]; zone: string }
  claims?: Record<string, Wanted>
  purpose?: string[]
}

/** `holds` may fail where `evaluable`, which never fails, is false. */
export type Blindable = { evaluable: Expr; holds: Expr }

/** One expression per condition; each fails where it cannot be evaluated. */
export function conditionsOf({ ip, time, claims, purpose }: When): Expr[] {
  return [
    ...(ip ? [or(...ip.map((range) => call('isInRange', context('ip'), call('ip', value(range)))))] : []),
    ...(time ? [timeIs(time)] : []),
    ...(purpose ? [or(...purpose.map((one) => equal(context('purpose'), value(one))))] : []),
    ...Object.entries(claims ?? {}).map(([name, wanted]) => claimTest(name, wanted).holds),
  ]
}

/** Claims come as `{texts}`, `{number}` or `{bool}`: asking for another type than there is fails, as it must. */
export function claimTest(name: string, wanted: Wanted): Blindable {
  const claim = context('claims', name)
  const kind = typeof wanted === 'string' ? 'texts' : typeof wanted === 'number' ? 'number' : 'bool'
  const evaluable = and(has(context('claims'), name), has(claim, kind))
  const found = dot(claim, kind)
  if (typeof wanted === 'number') return { evaluable, holds: equal(found, value(wanted)) }
  if (typeof wanted === 'boolean') return { evaluable, holds: wanted ? found : not(found) }
  const pattern = name === 'xms_mirid' ? wanted.toLowerCase() : wanted
  const nth = (at: number) =>
    and(less(value(at), dot(found, 'count')), matchesPattern(dot(found, `t${at}`), pattern, /\//))
  return { evaluable, holds: or(nth(0), nth(1)) }
}

const WEEK = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Written out day by day: the window's part before midnight, and what spills into the next day. */
function timeIs({ days = 'sun-sat', between = ['00:00', '24:00'], zone }: NonNullable<When['time']>): Expr {
  const minute = context('clocks', zone, 'minute')
  const day = context('clocks', zone, 'day')
  const [from, to] = between.map((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))) as [number, number]
  const windows = listDays(days).map((name) => {
    const at = WEEK.indexOf(name)
    const end = value(from < to ? to : 1_440)
    const sameDay = and(equal(day, value(at)), not(less(minute, value(from))), less(minute, end))
    return from < to ? sameDay : or(sameDay, and(equal(day, value((at + 1) % 7)), less(minute, value(to))))
  })
  return or(...windows)
}

function listDays(text: string): string[] {
  return text.split(',').flatMap((part) => {
    const [first = '', last = first] = part.split('-')
    const twice = [...WEEK, ...WEEK]
    const start = twice.indexOf(first)
    return twice.slice(start, twice.indexOf(last, start) + 1)
  })
}
