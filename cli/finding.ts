import { type Answer, EXIT } from './verb.ts'

/** What was looked at, in one line, and what to do about it. */
export type Finding = { name: string; ok: boolean; says: string; mend?: string; unreachable?: true }

/** 0 when all is well, 3 when something could not be reached, else 1. */
export function answerOf(findings: readonly Finding[]): Answer {
  const wrong = findings.filter(({ ok }) => !ok)
  const exit =
    wrong.length === 0 ? EXIT.ok : wrong.some(({ unreachable }) => unreachable) ? EXIT.unreachable : EXIT.refused
  return {
    exit,
    json: { ok: wrong.length === 0, checks: findings.map(({ unreachable: _, ...rest }) => rest) },
    text: findings.flatMap(lines),
  }
}

const lines = ({ name, ok, says, mend }: Finding): string[] => [
  `${ok ? 'ok   ' : 'wrong'}  ${name}: ${says}`,
  ...(mend ? [`         ${mend}`] : []),
]
