import type { Principal } from '../identity/principal.ts'
import { ACTIONS, type Action } from './actions.ts'
import type { Obligations } from './decision.ts'
import type { StatementDocument } from './documents/statement.ts'
import { type ClockOf, type Condition, compileConditions, type Facts } from './match/conditions.ts'
import { compileSelector, type Selector } from './match/principals.ts'
import { compileResource, type ResourcePattern, resourceMatches } from './match/resource.ts'
import type { Tri } from './match/tri.ts'
import { compileObligations } from './obligations.ts'

/** A statement ready to be asked: nothing is parsed at a decision. */
export type Statement = {
  id: string
  effect: 'permit' | 'forbid'
  reportOnly: boolean
  selectors: readonly Selector[]
  actions: ReadonlySet<Action>
  resources: readonly ResourcePattern[]
  /** The resources as their author wrote them, for those who ask what they may do. */
  patterns: readonly string[]
  conditions: readonly Condition[]
  /** Milliseconds; in force from (included) to (excluded). */
  notBefore: number
  expires: number
  obligations: Obligations
  /** Counts for those alone who come through a break-glass grant, or open one. */
  breakGlass: boolean
}

export type CompileContext = {
  /** The actions of all these roles; one set for all statements with the same roles. */
  actionsOf: (roles: readonly string[]) => ReadonlySet<Action>
  clockOf: ClockOf
}

/** Compiles a statement of a set that was checked together. */
export function compileStatement(document: StatementDocument, { actionsOf, clockOf }: CompileContext): Statement {
  return {
    id: document.id,
    effect: document.effect,
    reportOnly: document.mode === 'report',
    selectors: document.principals.map(compileSelector),
    actions: actionsOf(document.roles),
    resources: document.resources.map(compileResource),
    patterns: document.resources,
    conditions: document.when ? compileConditions(document.when, clockOf) : NONE,
    notBefore: document.notBefore === undefined ? Number.NEGATIVE_INFINITY : Date.parse(document.notBefore),
    expires: document.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(document.expires),
    obligations: compileObligations(document.id, document.obligations, document.when?.ip),
    breakGlass: document.breakGlass === true,
  }
}

const NONE: readonly Condition[] = []

export type Asked = Facts & { action: Action; resource: string; breakGlass: boolean }

/**
 * Whether the statement applies; `byPrincipal` is what its selectors said. A permit helps only on `yes`, a forbid hurts on
 * `unknown` too. What a statement is about (what, when in force, whom, on what) is asked first; then, in a forbid, one thing
 * that cannot be evaluated is enough, whatever the other conditions say.
 */
export function statementApplies(statement: Statement, byPrincipal: Tri, asked: Asked): Tri {
  const { now, action, resource, principal } = asked
  if (statement.breakGlass && !asked.breakGlass) return 'no'
  if (!statement.actions.has(action) || now < statement.notBefore || now >= statement.expires) return 'no'
  const onResource = resourceIsMeant(statement, resource, principal)
  if (byPrincipal === 'no' || onResource === 'no') return 'no'
  const whenHolds = conditionsHold(statement, asked)
  const unknown = byPrincipal === 'unknown' || onResource === 'unknown' || whenHolds.unknown
  if (unknown && statement.effect === 'forbid') return 'unknown'
  if (whenHolds.no) return 'no'
  return unknown ? 'unknown' : 'yes'
}

function resourceIsMeant({ resources }: Statement, resource: string, principal: Principal): Tri {
  let unknown = false
  for (const wanted of resources) {
    const answer = resourceMatches(wanted, resource, principal)
    if (answer === 'yes') return 'yes'
    if (answer === 'unknown') unknown = true
  }
  return unknown ? 'unknown' : 'no'
}

/** Asks every condition: in a forbid an unknown one counts although another is false. */
function conditionsHold({ conditions }: Statement, asked: Asked): { unknown: boolean; no: boolean } {
  const found = { unknown: false, no: false }
  for (const { test } of conditions) {
    const answer = test(asked)
    if (answer === 'unknown') found.unknown = true
    else if (answer === 'no') found.no = true
  }
  return found
}

export const isAction = (name: string): name is Action => Object.hasOwn(ACTIONS, name)
