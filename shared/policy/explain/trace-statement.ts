import type { Action } from '../actions.ts'
import type { Obligations } from '../decision.ts'
import { resourceMatches } from '../match/resource.ts'
import { expandTemplate } from '../match/template.ts'
import { type Tri, tri } from '../match/tri.ts'
import { type Asked, type Statement, statementApplies } from '../statement.ts'
import { type Compared, traceSelector } from './trace-selector.ts'

export type ConditionTrace = Compared & { name: string }

export type StatementTrace = {
  id: string
  effect: 'permit' | 'forbid'
  /** `report`: recorded, never enforced. */
  mode: 'enforce' | 'report'
  /** `unknown`: something in it cannot be evaluated; then a permit does not help, and a forbid holds. */
  applies: Tri
  principals: { answer: Tri; selectors: Compared[] }
  action: { answer: Tri; expected: readonly Action[]; actual: string }
  resources: { answer: Tri; actual: string; patterns: PatternTrace[] }
  inForce: { answer: Tri; notBefore?: string; expires?: string; actual: string }
  conditions: ConditionTrace[]
  /** Counts only in an emergency. */
  breakGlass?: { answer: Tri }
  obligations?: Obligations
}

/** `filled`: what a template became for this caller; `evaluable` false where a value is missing or must not stand there. */
type PatternTrace = { expected: string; filled?: string; evaluable?: boolean; answer: Tri }

/** What one statement answers, whole and part by part; `byPrincipal` is what the index found its selectors to say. */
export function traceStatement(statement: Statement, byPrincipal: Tri, asked: Asked): StatementTrace {
  const { id, effect, reportOnly, obligations, breakGlass } = statement
  return {
    id,
    effect,
    mode: reportOnly ? 'report' : 'enforce',
    applies: statementApplies(statement, byPrincipal, asked),
    principals: {
      answer: byPrincipal,
      selectors: statement.selectors.map((selector) => traceSelector(selector, asked.principal)),
    },
    action: {
      answer: tri(statement.actions.has(asked.action)),
      expected: [...statement.actions].sort(),
      actual: asked.action,
    },
    resources: traceResources(statement, asked),
    inForce: traceTimes(statement, asked.now),
    conditions: statement.conditions.map(({ name, expected, actual, test }) => {
      const value = actual(asked)
      return { name, expected, ...(value !== undefined && { actual: value }), answer: test(asked) }
    }),
    ...(breakGlass && { breakGlass: { answer: tri(asked.breakGlass) } }),
    ...(Object.keys(obligations).length > 0 && { obligations }),
  }
}

function traceResources(
  { resources, patterns }: Statement,
  { resource, principal }: Asked,
): StatementTrace['resources'] {
  const traced = resources.map((wanted, at): PatternTrace => {
    const answer = resourceMatches(wanted, resource, principal)
    const expected = patterns[at] ?? ''
    if ('pattern' in wanted) return { expected, answer }
    const { text: filled, evaluable } = expandTemplate(wanted.template, principal)
    return { expected, filled, evaluable, answer }
  })
  const answers = traced.map(({ answer }) => answer)
  const answer = answers.includes('yes') ? 'yes' : answers.includes('unknown') ? 'unknown' : 'no'
  return { answer, actual: resource, patterns: traced }
}

function traceTimes({ notBefore, expires }: Statement, now: number): StatementTrace['inForce'] {
  return {
    answer: tri(now >= notBefore && now < expires),
    ...(Number.isFinite(notBefore) && { notBefore: new Date(notBefore).toISOString() }),
    ...(Number.isFinite(expires) && { expires: new Date(expires).toISOString() }),
    actual: Number.isFinite(now) ? new Date(now).toISOString() : 'unknown',
  }
}
