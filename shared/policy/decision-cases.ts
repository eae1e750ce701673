import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { decide } from './decide.ts'
import { describedQuestion } from './described-question.ts'
import { DescribedQuestion } from './documents/described-question.ts'
import { type Fault, faultsOf, sentenceOf } from './documents/faults.ts'
import type { Snapshot } from './snapshot.ts'

const Case = z.strictObject({
  name: z.string().min(1).max(256),
  question: DescribedQuestion,
  /** Only what is named is compared; each whole. */
  expect: z.strictObject({
    effect: z.enum(['permit', 'deny']),
    reason: z.string().max(64).optional(),
    obligations: z.record(z.string().max(64), z.unknown()).optional(),
    statements: z.array(z.string().max(64)).max(1_000).optional(),
  }),
})

const Cases = z.array(Case).min(1).max(10_000)

/** A question and what a set must answer, as data: `question` is that of a probe, `context.at` the time. */
export type DecisionCase = z.infer<typeof Case>

/** What is not as expected, by its name in `expect`. */
export type CaseResult = { name: string; wrong: { field: string; expected: unknown; actual: unknown }[] }

/** Checks a file's list of cases; every fault with its pointer. */
export function parseCases(value: unknown): { ok: true; cases: DecisionCase[] } | { ok: false; faults: Fault[] } {
  const parsed = Cases.safeParse(value, { error: sentenceOf })
  return parsed.success ? { ok: true, cases: parsed.data } : { ok: false, faults: faultsOf(parsed.error) }
}

/** Asks a set every question; `now` (milliseconds) is the time of those that name none. */
export function runCases(cases: readonly DecisionCase[], snapshot: Snapshot, now: number): CaseResult[] {
  return cases.map(({ name, question: described, expect }) => {
    const { question, at } = describedQuestion(described, now)
    const { effect, reason, obligations, statementIds } = decide(question, snapshot, at)
    const actual: Record<string, unknown> = { effect, reason, obligations, statements: statementIds }
    const wrong = Object.entries(expect)
      .filter(
        ([field, expected]) => expected !== undefined && !isDeepStrictEqual(plain(expected), plain(actual[field])),
      )
      .map(([field, expected]) => ({ field, expected, actual: actual[field] }))
    return { name, wrong }
  })
}

/** As JSON has it, so that no prototype makes a difference. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
