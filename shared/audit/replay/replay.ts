import type { Table } from '../../azure/table.ts'
import { decide } from '../../policy/decide.ts'
import type { Decision, Question } from '../../policy/decision.ts'
import { judge } from '../../policy/judge.ts'
import type { Snapshot } from '../../policy/snapshot.ts'
import { unmetObligation } from '../../policy/unmet-obligation.ts'
import { decidedEntries, type Span } from '../decided-entries.ts'
import type { DecidedEntry } from '../entry.ts'
import { createDifferences, type Differences, type Outcome } from './differences.ts'
import { type RecordedQuestion, recordedQuestion } from './recorded-question.ts'

export type Replay = {
  /** RFC 3339. */
  from: string
  to: string
  /** False where a limit ended it: the rest of the span was not looked at. */
  complete: boolean
  /** Decided entries of the span, by what became of them. */
  entries: number
  unchanged: number
  /** They do not hold all that was decided on, so nobody can tell. */
  inexact: number
  /** Lists, which name no items (docs/adr/0002): what was got from them is replayed itself. */
  lists: number
  newlyDenied: Differences
  newlyAllowed: Differences
}

export type ReplayDeps = {
  /** The `audit` table. */
  table: Table
  /** The proposed set. */
  snapshot: Snapshot
  span: Span
  /** Called after each block with the entries so far; false ends the replay. */
  goOn?: (entries: number) => Promise<boolean>
  maxEntries?: number
}

/** Enough for a month of a busy gateway; at some hundred thousand a minute. */
const MAX_ENTRIES = 5_000_000

/**
 * A proposed set over what was asked in the span: what would be denied that was permitted, and the other way round. Exact,
 * since each entry holds its inputs and its moment; what else may have failed (a missing secret, a spent grant) does not
 * count. Memory holds a page of blocks and the differences, which are bounded.
 */
export async function replay({ table, snapshot, span, goOn, maxEntries = MAX_ENTRIES }: ReplayDeps): Promise<Replay> {
  const counts = { entries: 0, unchanged: 0, inexact: 0, lists: 0 }
  const [denied, allowed] = [createDifferences(), createDifferences()]
  let stopped = false
  const onBlock = async () => {
    stopped ||= (await goOn?.(counts.entries)) === false
  }
  for await (const entry of decidedEntries(table, span, onBlock)) {
    if (stopped || counts.entries === maxEntries) {
      stopped = true
      break
    }
    counts.entries++
    const outcome = isList(entry) ? 'lists' : compare(entry, snapshot)
    if (typeof outcome === 'string') counts[outcome]++
    else (outcome.becomes.allowed ? allowed : denied).add(entry, outcome)
  }
  const [from, to] = [new Date(span.from).toISOString(), new Date(span.to).toISOString()]
  return { from, to, complete: !stopped, ...counts, newlyDenied: denied.listed(), newlyAllowed: allowed.listed() }
}

/** The one kind of decision that is about many resources. */
const isList = ({ decision }: DecidedEntry) => decision.reason === 'filtered_list'

function compare(entry: DecidedEntry, snapshot: Snapshot) {
  const recorded = recordedQuestion(entry)
  if (!recorded) return 'inexact'
  const was = outcomeOf(recorded, (question) => told(entry, question, recorded))
  const becomes = outcomeOf(recorded, (question) => decide(question, snapshot, recorded.at))
  return was.allowed === becomes.allowed ? 'unchanged' : { was, becomes }
}

/** As the door does: principal and actor, then what must be done. */
function outcomeOf({ question, satisfies }: RecordedQuestion, answer: (question: Question) => Decision): Outcome {
  const { decision } = judge(question, answer)
  const { reason, statementIds, effect } = decision
  if (effect === 'deny') return { allowed: false, reason, statementIds }
  const unmet = unmetObligation(decision.obligations, { ...question, satisfies })
  return unmet ? { allowed: false, reason: unmet.code, statementIds } : { allowed: true, reason, statementIds }
}

function told(entry: DecidedEntry, question: Question, recorded: RecordedQuestion): Decision {
  const isActor = question.principal === recorded.question.actor
  return isActor && entry.actor ? entry.actor.decision : entry.decision
}
