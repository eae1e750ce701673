import { GatewayError } from '../../errors.ts'
import type { Principal } from '../../identity/principal.ts'
import type { Question, RequestContext } from '../../policy/decision.ts'
import { describedContext, describedPrincipal } from '../../policy/described-question.ts'
import { type Explanation, explain } from '../../policy/explain/explain.ts'
import type { PolicyStore } from '../../policy/store.ts'
import type { DecidedEntry } from '../entry.ts'
import { recordedPrincipal, recordedQuestion } from '../replay/recorded-question.ts'
import type { ExplanationRequest } from './request.ts'

/** The parts of the gateway that are needed. */
export type ExplainDeps = {
  policy: Pick<PolicyStore, 'current' | 'status'>
  now(): number
  findDecided(days: number, matches: (entry: DecidedEntry) => boolean): Promise<DecidedEntry | undefined>
}

export type Asker = { principal: Principal; context: RequestContext }

/** How far back a principal's claims, or a request, are looked for. */
const DAYS = 7

/** For the caller: what is known of it, and a stable code. Nothing about statements, or about others. */
export function explainToSelf(request: ExplanationRequest, asker: Asker, { policy, now }: ExplainDeps) {
  const { principal } = asker
  const { question, at } = questionOf(request, principal, { context: asker.context, now: now() })
  const { decision, unmet } = explain(question, policy.current(), at)
  const { id, kind, issuerName, groups, roles, claims, through } = principal
  return {
    ...{ principal: id, kind, issuer: issuerName, groups, roles },
    // Who holds a grant has not seen its root's token.
    ...(!through && { claims }),
    ...{ action: question.action, resource: question.resource, context: question.context },
    ...{ effect: decision.effect, reason: decision.reason, ...(unmet && { unmet }) },
  }
}

/**
 * For an operator: the whole trace, by the set in force. Throws `not_found` where nothing was recorded of the principal or
 * request in the last seven days.
 */
export async function explainToOperator(request: ExplanationRequest, asker: Asker, deps: ExplainDeps) {
  return request.instance === undefined ? ofPrincipal(request, asker, deps) : ofInstance(request.instance, deps)
}

async function ofPrincipal(request: ExplanationRequest, asker: Asker, deps: ExplainDeps) {
  const { principal, source } = await principalOf(request.principal, asker, deps)
  const { question, at } = questionOf(request, principal, { context: {}, now: deps.now() })
  const explanation = explain(question, deps.policy.current(), at)
  return { ...about(question, at), claimsFrom: source, ...told(explanation), ...policyOf(deps) }
}

async function principalOf(wanted: ExplanationRequest['principal'], asker: Asker, deps: ExplainDeps) {
  if (wanted === undefined || wanted === asker.principal.id)
    return { principal: asker.principal, source: { own: true } }
  if (typeof wanted !== 'string') {
    return { principal: describedPrincipal(wanted, deps.now()), source: { described: true } }
  }
  const isAbout = ({ principal, actor, cut }: DecidedEntry) =>
    cut === undefined && (principal.id === wanted || actor?.principal.id === wanted)
  const entry = await deps.findDecided(DAYS, isAbout)
  const seen = entry && (entry.principal.id === wanted ? entry.principal : entry.actor?.principal)
  // Without its grants: those may have ended, and what they let through is not what the principal may do.
  const principal = entry && seen && recordedPrincipal(seen, undefined, entry)
  if (!principal) throw nothing('nothing was recorded of this principal in the last 7 days: describe it instead')
  return { principal, source: { txn: entry.txn, time: entry.time } }
}

async function ofInstance(instance: string, deps: ExplainDeps) {
  const entry = await deps.findDecided(DAYS, ({ txn }) => txn === instance)
  if (!entry) throw nothing('no decision was recorded under this instance in the last 7 days')
  const { kind, txn, time, decision, actor, refusal, grantChain } = entry
  const recorded = { kind, txn, time, decision, ...(refusal && { refusal }), ...(grantChain && { grantChain }) }
  const asked = recordedQuestion(entry)
  // What the entry does not hold nobody can explain; what it was told then still stands.
  if (!asked) {
    const { principal, action, resource, context } = entry
    return { principal: principal.id, action, resource, context, recorded, inexact: true, ...policyOf(deps) }
  }
  const { question, at } = asked
  const set = deps.policy.current()
  const acting = question.actor && explain({ ...question, principal: question.actor }, set, at)
  return {
    ...about(question, at),
    claimsFrom: { txn, time },
    recorded: { ...recorded, ...(actor && { actor: actor.decision }) },
    ...told(explain(question, set, at)),
    ...(question.actor && acting && { actor: { principal: question.actor.id, ...told(acting) } }),
    ...policyOf(deps),
  }
}

function questionOf(
  { action, resource, context: described = {} }: ExplanationRequest,
  principal: Principal,
  present: { context: RequestContext; now: number },
): { question: Question; at: number } {
  if (action === undefined || resource === undefined) throw new GatewayError('internal', 'explanation_without_question')
  const { at, context } = describedContext(described, present.now)
  return { question: { principal, action, resource, context: { ...present.context, ...context } }, at }
}

const about = ({ principal, action, resource, context }: Question, at: number) => {
  const { id, groups, roles, claims } = principal
  return { principal: { id, groups, roles, claims }, action, resource, context, at: new Date(at).toISOString() }
}

const told = ({ decision, ...trace }: Explanation) => ({ ...decision, ...trace })

/** How fresh the set is that was asked. */
const policyOf = ({ policy }: ExplainDeps) => ({ policy: policy.status() })

const nothing = (detail: string) => new GatewayError('not_found', 'nothing_recorded', { detail })
