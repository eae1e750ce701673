import { breakGlassDuties } from './break-glass.ts'
import type { Decision, Obligations, Question } from './decision.ts'
import { readAddress } from './match/address.ts'
import { canonicalResource } from './match/resource.ts'
import { tighten } from './obligations.ts'
import type { Snapshot } from './snapshot.ts'
import { isAction, type Statement, statementApplies } from './statement.ts'

/** Stable codes of a decision; explanations and alerts key on them. */
export type DecisionReason =
  | 'permitted'
  /** No permit applies. */
  | 'no_permit'
  /** A forbid applies. */
  | 'forbidden'
  /** A forbid, or every permit that might apply, rests on something that cannot be evaluated. */
  | 'not_evaluable'
  /** READ was asked for where the target gives write power, or the other way round. */
  | 'wrong_access'
  /** Permitted, but not within the actions and resources of the grant that the request came through. */
  | 'outside_grant'
  /** The engine itself failed. */
  | 'engine_error'

/**
 * Decides one question against one set; pure, and `now` in milliseconds. Default deny, any forbid wins, order does not
 * matter, and what cannot be evaluated never helps the caller: not even a failure of the engine (T35).
 */
export function decide(question: Question, snapshot: Snapshot, now: number): Decision {
  try {
    return evaluate(question, snapshot, now)
  } catch {
    // What was thrown may hold claims; the reason says enough to look at the set and the question in the journal.
    return deny('engine_error', snapshot.revision)
  }
}

type Found = Record<'permits' | 'unevaluable' | 'forbids' | 'blindForbids' | 'reported', Statement[]>

function evaluate(question: Question, snapshot: Snapshot, now: number): Decision {
  const { revision } = snapshot
  if (!Number.isFinite(now) || !isAction(question.action)) return deny('not_evaluable', revision)
  const resource = canonicalResource(question.resource)
  const { permits, unevaluable, forbids, blindForbids, reported } = applicable({ ...question, resource }, snapshot, now)
  const rest = { reported: idsOf(reported) }
  if (forbids.length > 0) return deny('forbidden', revision, { ...rest, statementIds: idsOf(forbids) })
  if (blindForbids.length > 0) return deny('not_evaluable', revision, { ...rest, statementIds: idsOf(blindForbids) })
  if (permits.length === 0) {
    const reason = unevaluable.length > 0 ? 'not_evaluable' : 'no_permit'
    return deny(reason, revision, { ...rest, statementIds: idsOf(unevaluable) })
  }
  if (wrongAccess(question, resource, snapshot)) return deny('wrong_access', revision, rest)
  const { through } = question.principal
  if (through && !through.covers(question.action, resource)) {
    return deny('outside_grant', revision, { ...rest, statementIds: idsOf(permits) })
  }
  const tightened = permits.map((statement) => statement.obligations).reduce(tighten)
  const obligations = breakGlassDuties(permits, tightened)
  return { effect: 'permit', reason: 'permitted', statementIds: idsOf(permits), ...rest, obligations, revision }
}

function applicable(question: Question, snapshot: Snapshot, now: number): Found {
  const found: Found = { permits: [], unevaluable: [], forbids: [], blindForbids: [], reported: [] }
  const { principal, action, resource, context } = question
  const breakGlass = question.breakGlass === true || principal.through?.breakGlass === true
  const address = once(() => readAddress(context.clientAddress))
  const asked = { principal, action, resource, context, now, address, breakGlass }
  for (const { statement, byPrincipal } of snapshot.candidates(principal)) {
    const answer = statementApplies(statement, byPrincipal, asked)
    if (answer === 'no') continue
    const permit = statement.effect === 'permit'
    if (statement.reportOnly) {
      if (answer === 'yes' || !permit) found.reported.push(statement)
    } else if (permit) (answer === 'yes' ? found.permits : found.unevaluable).push(statement)
    else (answer === 'yes' ? found.forbids : found.blindForbids).push(statement)
  }
  return found
}

function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** The action must be the one the target's `access` asks for, whoever put the question: READ never mints write power. */
function wrongAccess({ action }: Question, resource: string, snapshot: Snapshot): boolean {
  if (action !== 'token:issue' && action !== 'token:issueWrite') return false
  const access = snapshot.target(resource.slice('token/'.length))?.access
  return access !== undefined && access !== (action === 'token:issue' ? 'read' : 'write')
}

type Rest = Partial<Pick<Decision, 'statementIds' | 'reported'>>

const NO_OBLIGATIONS: Obligations = Object.freeze({})

const deny = (reason: DecisionReason, revision: number, rest: Rest = {}): Decision => ({
  effect: 'deny',
  reason,
  statementIds: rest.statementIds ?? [],
  reported: rest.reported ?? [],
  obligations: NO_OBLIGATIONS,
  revision,
})

const idsOf = (statements: readonly Statement[]) => statements.map(({ id }) => id).sort()
