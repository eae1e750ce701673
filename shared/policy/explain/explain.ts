import type { Principal } from '../../identity/principal.ts'
import { decide } from '../decide.ts'
import type { Decision, Question } from '../decision.ts'
import { readAddress } from '../match/address.ts'
import { canonicalResource, resourceMatches } from '../match/resource.ts'
import type { Snapshot } from '../snapshot.ts'
import { type Asked, isAction, type Statement } from '../statement.ts'
import { unmetObligation } from '../unmet-obligation.ts'
import { type StatementTrace, traceStatement } from './trace-statement.ts'

/** More would help nobody who reads; the counts have them all. */
const MAX_STATEMENTS = 200
const MAX_OTHERS = 20

export type Explanation = {
  decision: Decision
  /** Code of the refusal that an unmet obligation would lead to. */
  unmet?: string
  /** The grant that the caller came through, and whether it covers the act. */
  grant?: { chain: readonly string[]; covers: boolean }
  /** Every statement that was considered: those that may be about the caller. What decided comes first. */
  considered: number
  statements: StatementTrace[]
  /** Ids of statements that name others only, but this action on this resource: who might be missing in one of them. */
  aboutOthers: { count: number; statements: string[] }
}

/**
 * Why the question is decided as it is. INVARIANT: the decision is `decide`'s own, and every answer of the trace comes from
 * the functions that it asks; nothing is matched in another way here. Pure; `now` in milliseconds.
 */
export function explain(question: Question, snapshot: Snapshot, now: number): Explanation {
  const decision = decide(question, snapshot, now)
  const { principal, action, context } = question
  const resource = canonicalResource(question.resource)
  const unmet = decision.effect === 'permit' ? unmetObligation(decision.obligations, question) : undefined
  const known = isAction(action)
  const asked: Asked = {
    ...{ principal, action, resource, context, now },
    address: () => readAddress(context.clientAddress),
    breakGlass: question.breakGlass === true || principal.through?.breakGlass === true,
  }
  const candidates = known ? snapshot.candidates(principal) : []
  const traces = candidates.map(({ statement, byPrincipal }) => traceStatement(statement, byPrincipal, asked))
  return {
    decision,
    ...(unmet && { unmet: unmet.code }),
    ...(principal.through && { grant: grantOf(principal.through, action, resource) }),
    considered: traces.length,
    statements: traces.sort(byInterest).slice(0, MAX_STATEMENTS),
    aboutOthers: others(new Set(candidates.map(({ statement }) => statement)), asked, snapshot),
  }
}

const grantOf = ({ chain, covers }: NonNullable<Principal['through']>, action: string, resource: string) => ({
  chain,
  covers: covers(action, resource),
})

const RANK = { yes: 0, unknown: 1, no: 2 } as const

const byInterest = (a: StatementTrace, b: StatementTrace) =>
  RANK[a.applies] - RANK[b.applies] || failures(a) - failures(b) || (a.id < b.id ? -1 : 1)

/** How far a statement is from applying. */
const failures = ({ action, resources, inForce, conditions }: StatementTrace) =>
  [action, resources, inForce, ...conditions].filter(({ answer }) => answer !== 'yes').length

function others(considered: ReadonlySet<Statement>, asked: Asked, { statements }: Snapshot) {
  const ids: string[] = []
  for (const statement of statements()) {
    if (considered.has(statement) || !statement.actions.has(asked.action)) continue
    const fits = statement.resources.some((wanted) => resourceMatches(wanted, asked.resource, asked.principal) !== 'no')
    if (fits) ids.push(statement.id)
  }
  return { count: ids.length, statements: ids.sort().slice(0, MAX_OTHERS) }
}
