import type { Decision, Question } from '../policy/decision.ts'
import { describedQuestion } from '../policy/described-question.ts'
import type { ProbeDocument } from '../policy/documents/probe.ts'
import { unmetObligation } from '../policy/unmet-obligation.ts'

export type Proof = { must: 'deny' | 'allow'; effect: 'permit' | 'deny'; reason: string; holds: boolean }

/**
 * What the set says to every case of a probe. Strict on both sides: `deny` holds only where policy denies (a missing reason is
 * soon supplied), `allow` only where nothing more is asked for. `now` in milliseconds.
 */
export function prove(
  { cases }: ProbeDocument,
  decide: (question: Question, at: number) => Decision,
  now: number,
): Proof[] {
  return cases.map((described) => {
    const { must } = described
    const { question, at } = describedQuestion(described, now)
    const { effect, reason, obligations } = decide(question, at)
    const unmet = effect === 'permit' ? unmetObligation(obligations, question) : undefined
    const holds = must === 'deny' ? effect === 'deny' : effect === 'permit' && !unmet
    return { must, effect, reason: unmet?.code ?? reason, holds }
  })
}
