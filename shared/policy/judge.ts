import type { Principal } from '../identity/principal.ts'
import type { Decision, Question } from './decision.ts'
import { tighten } from './obligations.ts'

/** A question at the door: who may act for the principal, and a right that needs no permit, count too. */
export type DoorQuestion = Question & { actor?: Principal; entitled?: 'holder' }

/** `decision` is what holds; `principal` and `actor` are what each was told. */
export type Judgement = { decision: Decision; principal: Decision; actor?: Decision }

/** The stricter of principal and actor in every respect; the door and the replay of a journal ask alike. */
export function judge(question: DoorQuestion, decide: (question: Question) => Decision): Judgement {
  const principal = entitle(decide(question), question)
  if (!question.actor) return { decision: principal, principal }
  const actor = decide({ ...question, principal: question.actor })
  const told = { principal, actor }
  if (principal.effect === 'deny') return { decision: principal, ...told }
  if (actor.effect === 'deny') return { decision: { ...actor, reason: `actor_${actor.reason}` }, ...told }
  return { decision: { ...principal, obligations: tighten(principal.obligations, actor.obligations) }, ...told }
}

/** Only where nothing was said about it: what could not be evaluated may have been a forbid. Never beyond a grant's mask. */
function entitle(decision: Decision, { entitled, principal, action, resource }: DoorQuestion): Decision {
  if (!entitled || decision.reason !== 'no_permit') return decision
  if (principal.through && !principal.through.covers(action, resource)) return decision
  return { ...decision, effect: 'permit', reason: entitled }
}
