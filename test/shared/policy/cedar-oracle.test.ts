import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../../shared/policy/decide.ts'
import type { Question } from '../../../shared/policy/decision.ts'
import { ISSUER_DOCUMENTS, instants, questions, ROLE_DOCUMENTS, statements } from '../../support/policy/arbitraries.ts'
import { createOracle } from '../../support/policy/cedar-oracle.ts'
import type { OracleStatement } from '../../support/policy/cedar-policies.ts'
import { snapshotOf } from '../../support/policy/snapshot-of.ts'
import { tries } from '../../support/share-of.ts'

/** `SALLYPORT_ORACLE_QUESTIONS=20000` asks more than the normal run does. */
const QUESTIONS = Number(process.env['SALLYPORT_ORACLE_QUESTIONS'] ?? tries(2_000))
const QUESTIONS_A_SET = 50
const SETS = Math.ceil(QUESTIONS / QUESTIONS_A_SET)
const ROLES = Object.fromEntries(ROLE_DOCUMENTS.map(({ name, actions }) => [name, actions]))

/** One question in three opens a break-glass grant, for which other permits count too. */
const emergencies = fc
  .tuple(questions, fc.constantFrom(true, false, false))
  .map(([question, breakGlass]): Question => (breakGlass ? { ...question, breakGlass } : question))

describe('the Cedar oracle', () => {
  it(`agrees with decide on ${SETS * QUESTIONS_A_SET} generated questions`, () => {
    let sets = 0
    let permits = 0
    const asked = fc.array(fc.tuple(emergencies, instants), { minLength: QUESTIONS_A_SET, maxLength: QUESTIONS_A_SET })
    fc.assert(
      fc.property(statements(6), asked, (list, questionList) => {
        const snapshot = snapshotOf([...ISSUER_DOCUMENTS, ...ROLE_DOCUMENTS, ...list])
        const enforced = list.filter(({ mode }) => mode === 'enforce') as unknown as OracleStatement[]
        const oracle = createOracle(`set${sets++ % 4}`, enforced, ROLES)
        for (const [question, now] of questionList) {
          const { effect, reason } = decide(question, snapshot, now)
          if (effect === 'permit') permits++
          const told = oracle(question, now)
          if (told !== effect)
            throw new Error(
              `${effect} (${reason}) but Cedar says ${told}: ${JSON.stringify({ question, now, enforced })}`,
            )
        }
      }),
      // The message holds the question; shrinking fifty of them would take minutes.
      { numRuns: SETS, endOnFailure: true },
    )
    // A comparison in which nearly all is denied would prove little.
    expect(permits).toBeGreaterThan(QUESTIONS / 400)
  }, 120_000)
})
