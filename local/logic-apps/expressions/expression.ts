/** An expression of the Workflow Definition Language. */
export type Expression =
  | { kind: 'literal'; value: string | number | boolean | null }
  /** `name` in lower case: names of functions are not case-sensitive. */
  | { kind: 'call'; name: string; args: readonly Expression[] }
  /** `of.key`, `of['key']`; `safe`: with `?`, null where there is none. */
  | { kind: 'member'; of: Expression; key: Expression; safe: boolean }

/** A text of a workflow: plain parts and expressions. */
export type Template = {
  parts: readonly (string | Expression)[]
  /** One expression alone, `@…`: its value keeps its type. */
  isWhole: boolean
}

/** What cannot be read or evaluated; the message says why and never what a value was. */
export class ExpressionError extends Error {}

/** Every call in an expression, outer ones first. */
export function callsIn(expression: Expression): Extract<Expression, { kind: 'call' }>[] {
  if (expression.kind === 'literal') return []
  if (expression.kind === 'member') return [...callsIn(expression.of), ...callsIn(expression.key)]
  return [expression, ...expression.args.flatMap(callsIn)]
}

export const expressionsOf = ({ parts }: Template): Expression[] => parts.filter((part) => typeof part !== 'string')
