import { ExpressionError } from './expression.ts'

type Value = unknown
type Pure = { least: number; most: number; run(args: readonly Value[]): Value }

const text = (value: Value): string =>
  value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value)

const compare = (a: Value, b: Value): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0
  throw new ExpressionError('only two numbers or two texts have an order')
}
const same = (a: Value, b: Value) => JSON.stringify(a) === JSON.stringify(b)
const isEmpty = (value: Value) =>
  value === null ||
  value === undefined ||
  value === '' ||
  (typeof value === 'object' && Object.keys(value).length === 0)
const length = (value: Value) => {
  if (typeof value === 'string' || Array.isArray(value)) return value.length
  throw new ExpressionError('length() is of a text or a list')
}
const contains = (within: Value, item: Value) => {
  if (typeof within === 'string') return within.includes(text(item))
  if (Array.isArray(within)) return within.some((one) => same(one, item))
  return typeof within === 'object' && within !== null && text(item) in within
}
const truth = (value: Value): boolean => {
  if (typeof value === 'boolean') return value
  throw new ExpressionError('a truth value is needed')
}

const exactly = (count: number, run: Pure['run']): Pure => ({ least: count, most: count, run })
const atLeast = (least: number, run: Pure['run']): Pure => ({ least, most: 20, run })

/** Functions without a look at the run, by name in lower case; nothing else may be called. */
export const PURE: Readonly<Record<string, Pure>> = {
  concat: atLeast(1, (args) => args.map(text).join('')),
  string: exactly(1, ([a]) => text(a)),
  int: exactly(1, ([a]) => wholeNumber(a)),
  json: exactly(1, ([a]) => parse(text(a))),
  equals: exactly(2, ([a, b]) => same(a, b)),
  not: exactly(1, ([a]) => !truth(a)),
  and: atLeast(1, (args) => args.every(truth)),
  or: atLeast(1, (args) => args.some(truth)),
  greater: exactly(2, ([a, b]) => compare(a, b) > 0),
  greaterorequals: exactly(2, ([a, b]) => compare(a, b) >= 0),
  less: exactly(2, ([a, b]) => compare(a, b) < 0),
  lessorequals: exactly(2, ([a, b]) => compare(a, b) <= 0),
  if: exactly(3, ([a, b, c]) => (truth(a) ? b : c)),
  coalesce: atLeast(1, (args) => args.find((one) => one !== null && one !== undefined) ?? null),
  empty: exactly(1, ([a]) => isEmpty(a)),
  length: exactly(1, ([a]) => length(a)),
  contains: exactly(2, ([a, b]) => contains(a, b)),
  startswith: exactly(2, ([a, b]) => text(a).toLowerCase().startsWith(text(b).toLowerCase())),
  endswith: exactly(2, ([a, b]) => text(a).toLowerCase().endsWith(text(b).toLowerCase())),
  tolower: exactly(1, ([a]) => text(a).toLowerCase()),
  toupper: exactly(1, ([a]) => text(a).toUpperCase()),
  trim: exactly(1, ([a]) => text(a).trim()),
  replace: exactly(3, ([a, b, c]) => text(a).replaceAll(text(b), text(c))),
  split: exactly(2, ([a, b]) => text(a).split(text(b))),
  first: exactly(1, ([a]) => (Array.isArray(a) || typeof a === 'string' ? (a[0] ?? null) : null)),
  last: exactly(1, ([a]) => (Array.isArray(a) || typeof a === 'string' ? (a.at(-1) ?? null) : null)),
  createarray: atLeast(0, (args) => args),
  base64tostring: exactly(1, ([a]) => Buffer.from(text(a), 'base64').toString('utf8')),
  encodeuricomponent: exactly(1, ([a]) => encodeURIComponent(text(a))),
  uricomponent: exactly(1, ([a]) => encodeURIComponent(text(a))),
}

/** Functions that look at the run, with how many arguments they take. */
export const LOOKING: Readonly<Record<string, { least: number; most: number }>> = {
  parameters: { least: 1, most: 1 },
  variables: { least: 1, most: 1 },
  body: { least: 1, most: 1 },
  outputs: { least: 1, most: 1 },
  actions: { least: 1, most: 1 },
  result: { least: 1, most: 1 },
  triggerbody: { least: 0, most: 0 },
  triggeroutputs: { least: 0, most: 0 },
  workflow: { least: 0, most: 0 },
  listcallbackurl: { least: 0, most: 0 },
  guid: { least: 0, most: 0 },
  utcnow: { least: 0, most: 0 },
}

function wholeNumber(value: Value): number {
  const number = Number(text(value))
  if (text(value) === '' || !Number.isInteger(number)) throw new ExpressionError('int() is of a whole number')
  return number
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new ExpressionError('json() is of a text that is JSON')
  }
}
