import { ACTIONS, type Action } from './actions.ts'
import type { Obligations } from './decision.ts'
import type { StatementDocument } from './documents/statement.ts'
import { type ClockOf, type Condition, compileConditions, type Facts } from './match/conditions.ts'
import { compileSelector, type Selector } from './match/principals.ts'
import { compileResource, type ResourceTest } from './match/resource.ts'
import { anyOf, type Tri } from './match/tri.ts'
import { compileObligations } from './obligations.ts'

/** A statement ready to be asked: nothing is parsed at a decision. */
export type Statement = {
  id: string
  effect: 'permit' | 'forbid'
  reportOnly: boolean
  selectors: readonly Selector[]
  actions: ReadonlySet<Action>
  resources: readonly ResourceTest[]
  /** The resources as their author wrote them, for those who ask what they may do. */
  patterns: readonly string[]
  conditions: readonly Condition[]
  /** Milliseconds; in force from (included) to (excluded). */
  notBefore: number
  expires: number
  obligations: Obligations
}

export type CompileContext = { roles: ReadonlyMap<string, readonly Action[]>; clockOf: ClockOf }

/** Compiles a statement of a set that was checked together; a role that is missing nevertheless brings no action. */
export function compileStatement(document: StatementDocument, { roles, clockOf }: CompileContext): Statement {
  return {
    id: document.id,
    effect: document.effect,
    reportOnly: document.mode === 'report',
    selectors: document.principals.map(compileSelector),
    actions: new Set(document.roles.flatMap((role) => roles.get(role) ?? [])),
    resources: document.resources.map(compileResource),
    patterns: document.resources,
    conditions: compileConditions(document.when, clockOf),
    notBefore: document.notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(document.notBefore),
    expires: document.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(document.expires),
    obligations: compileObligations(document.obligations, document.when?.ip),
  }
}

export type Asked = Facts & { action: Action; resource: string }

/**
 * Whether the statement applies; `byPrincipal` is what its selectors said. A permit helps only on `yes`, a forbid hurts on
 * `unknown` too. What a statement is about (what, when in force, whom, on what) is asked first; then, in a forbid, one thing
 * that cannot be evaluated is enough, whatever the other conditions say.
 */
export function statementApplies(statement: Statement, byPrincipal: Tri, asked: Asked): Tri {
  const { now, action, resource, principal } = asked
  if (!statement.actions.has(action) || now < statement.notBefore || now >= statement.expires) return 'no'
  const onResource = anyOf(statement.resources.map((test) => test(resource, principal)))
  if (byPrincipal === 'no' || onResource === 'no') return 'no'
  const answers = [byPrincipal, onResource, ...statement.conditions.map(({ test }) => test(asked))]
  const unknown = answers.includes('unknown')
  if (unknown && statement.effect === 'forbid') return 'unknown'
  if (answers.includes('no')) return 'no'
  return unknown ? 'unknown' : 'yes'
}

export const isAction = (name: string): name is Action => Object.hasOwn(ACTIONS, name)
