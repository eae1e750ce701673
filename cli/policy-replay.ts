import type { Difference, Differences } from '../shared/audit/replay/differences.ts'
import { type Replay, replay } from '../shared/audit/replay/replay.ts'
import { lastDays, proposedSet } from '../shared/audit/replay/request.ts'
import { numberOption } from './gateway/arguments.ts'
import { documentsOf, faultLines, faultsIn } from './policy-documents.ts'
import { CliError, EXIT, type Verb } from './verb.ts'
import { withJournal } from './with-journal.ts'

const MAX_DAYS = 92

export const policyReplay: Verb = {
  name: 'policy replay',
  usage: '[--dir DIR] [FILE…] [--days N] [--json]',
  summary:
    'Asks these documents, as the whole set, everything the journal of the last N days (7) was asked: exit 1 where an answer differs.',
  options: { dir: { type: 'string' }, days: { type: 'string' }, 'gateway-vault': { type: 'string' } },
  async run(call) {
    const days = numberOption(call, 'days') ?? 7
    if (days > MAX_DAYS) throw new CliError(EXIT.usage, `--days: at most ${MAX_DAYS}`)
    const documents = await documentsOf(call)
    const faults = faultsIn(documents)
    if (faults.length > 0) return { exit: EXIT.refused, json: { ok: false, faults }, text: faultLines(faults) }
    const now = Date.now()
    const values = documents.map(({ value }) => value)
    const snapshot = proposedSet(values, now)
    const result = await withJournal(call, ({ table }) => replay({ table, snapshot, span: lastDays(days, now) }))
    const same = result.newlyDenied.count + result.newlyAllowed.count === 0
    return { exit: same ? EXIT.ok : EXIT.refused, json: { ok: same, ...result }, text: linesOf(result) }
  },
}

const linesOf = ({ newlyDenied, newlyAllowed, ...counts }: Replay): string[] => [
  ...sideLines('newly denied', newlyDenied),
  ...sideLines('newly allowed', newlyAllowed),
  `${counts.entries} decisions: ${counts.unchanged} unchanged, ${newlyDenied.count} newly denied, ${newlyAllowed.count} newly allowed, ${counts.inexact} inexact, ${counts.lists} lists${counts.complete ? '' : ' (not all were looked at)'}`,
]

const sideLines = (side: string, { differences, unlisted }: Differences): string[] => [
  ...differences.map((one) => `${side}: ${describe(one)}`),
  ...(unlisted > 0 ? [`${side}: and ${unlisted} more`] : []),
]

const describe = ({ principal, actor, action, resource, was, becomes, count, examples }: Difference) =>
  `${principal}${actor ? ` by ${actor}` : ''} ${action} ${resource}: ${was} → ${becomes}, ${count} times, such as ${examples[0]}`
