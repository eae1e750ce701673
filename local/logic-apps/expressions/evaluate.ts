import { type Expression, ExpressionError, type Template } from './expression.ts'
import { PURE } from './functions.ts'
import { parseTemplate } from './parse.ts'

/** What an expression may look at while a workflow runs: functions of {@link LOOKING} by name in lower case. */
export type Look = (name: string, args: readonly unknown[]) => unknown

/** A value of a definition with every text in it evaluated. Throws ExpressionError. */
export function evaluateAll(value: unknown, look: Look): unknown {
  if (typeof value === 'string') return evaluateTemplate(parseTemplate(value), look)
  if (Array.isArray(value)) return value.map((one) => evaluateAll(one, look))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, evaluateAll(one, look)]))
}

function evaluateTemplate({ parts, isWhole }: Template, look: Look): unknown {
  const values = parts.map((part) => (typeof part === 'string' ? part : evaluate(part, look)))
  return isWhole ? values[0] : PURE['concat']?.run(values)
}

function evaluate(expression: Expression, look: Look): unknown {
  if (expression.kind === 'literal') return expression.value
  if (expression.kind === 'member') return member(expression, look)
  const { name, args } = expression
  const values = args.map((argument) => evaluate(argument, look))
  const pure = PURE[name]
  return pure ? pure.run(values) : look(name, values)
}

/** Without `?` a member that is not there fails the action, as it does in Azure. */
function member({ of, key, safe }: Extract<Expression, { kind: 'member' }>, look: Look): unknown {
  const owner = evaluate(of, look)
  const name = evaluate(key, look)
  if (owner === null || owner === undefined) {
    if (safe) return null
    throw new ExpressionError(`there is nothing to take \`${String(name)}\` from: use \`?\` where it may be missing`)
  }
  const found =
    typeof owner === 'object' && Object.hasOwn(owner, String(name)) ? Reflect.get(owner, String(name)) : undefined
  if (found === undefined && !safe)
    throw new ExpressionError(`there is no \`${String(name)}\`: use \`?\` where it may be missing`)
  return found ?? null
}
