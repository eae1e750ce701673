import type { Expr } from '@cedar-policy/cedar-wasm/nodejs'

/** Cedar's JSON form (EST), never its text: deep text poisons the instance (security.md F8). */
export const value = (of: string | number | boolean): Expr => ({ Value: of })
export const context = (...path: string[]): Expr =>
  path.reduce<Expr>((left, attr) => ({ '.': { left, attr } }), { Var: 'context' })
export const dot = (left: Expr, attr: string): Expr => ({ '.': { left, attr } })
export const has = (left: Expr, attr: string): Expr => ({ has: { left, attr } })
export const equal = (left: Expr, right: Expr): Expr => ({ '==': { left, right } })
export const less = (left: Expr, right: Expr): Expr => ({ '<': { left, right } })
export const and = (...terms: Expr[]): Expr => join('&&', terms, true)
export const or = (...terms: Expr[]): Expr => join('||', terms, false)
export const not = (arg: Expr): Expr => ({ '!': { arg } })
export const contains = (left: Expr, right: Expr): Expr => ({ contains: { left, right } })
export const call = (fn: string, ...args: Expr[]): Expr => ({ [fn]: args })

/** One segment: `*` is Cedar's wildcard, and a segment holds no separator. */
export const like = (left: Expr, glob: string): Expr => ({
  like: {
    left,
    pattern: glob.split(/(\*)/).flatMap((part) => (part === '*' ? 'Wildcard' : part ? { Literal: part } : [])),
  },
})

function join(operator: '&&' | '||', terms: readonly Expr[], empty: boolean): Expr {
  const [first, ...rest] = terms
  if (!first) return value(empty)
  return rest.reduce<Expr>((left, right) => ({ [operator]: { left, right } }) as Expr, first)
}

/** A text as the record of its segments, so that a star cannot cross a separator: `{n, s0, b0, s1, …}`. */
export function segmentsOf(text: string, separators: RegExp): Record<string, string | number> {
  const parts = text.split(separators)
  const between = [...text.matchAll(new RegExp(separators, 'g'))].map(([separator]) => separator)
  return Object.fromEntries([
    ['n', parts.length],
    ...parts.map((part, at) => [`s${at}`, part] as const),
    ...between.map((separator, at) => [`b${at}`, separator] as const),
  ])
}

/** A pattern over such a record. */
export function matchesPattern(record: Expr, pattern: string, separators: RegExp): Expr {
  const parts = pattern.split(separators)
  const between = [...pattern.matchAll(new RegExp(separators, 'g'))].map(([separator]) => separator)
  const rest = parts.at(-1) === '**'
  const kept = rest ? parts.slice(0, -1) : parts
  const n = dot(record, 'n')
  const enough = rest ? less(value(kept.length), n) : equal(n, value(kept.length))
  const segments = kept.map((part, at) => like(dot(record, `s${at}`), part))
  const separatorsFit = between.map((separator, at) => equal(dot(record, `b${at}`), value(separator)))
  const something = or(less(value(kept.length + 1), n), not(equal(dot(record, `s${kept.length}`), value(''))))
  return and(enough, ...segments, ...separatorsFit, ...(rest ? [something] : []))
}
