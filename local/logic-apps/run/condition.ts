import { evaluateAll, type Look } from '../expressions/evaluate.ts'
import { ExpressionError } from '../expressions/expression.ts'
import { PURE } from '../expressions/functions.ts'
import type { Condition } from '../workflow.ts'

/** Whether a condition holds, an expression or operators on expressions. Throws ExpressionError. */
export function holds(condition: Condition | string, look: Look): boolean {
  if (typeof condition === 'string') return truth(evaluateAll(condition, look))
  const [operator = '', operands] = Object.entries(condition)[0] ?? []
  const inner = (operands: unknown) => (operands as (Condition | string)[]).map((one) => holds(one, look))
  if (operator === 'and') return inner(operands).every(Boolean)
  if (operator === 'or') return inner(operands).some(Boolean)
  if (operator === 'not') return !holds(operands as Condition, look)
  return truth(PURE[operator.toLowerCase()]?.run(evaluateAll(operands, look) as unknown[]))
}

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new ExpressionError('a condition must be true or false')
}
