import { PAGE_BLOCKS } from '../shared/audit/block.ts'
import type { Finding, Level, Report } from '../shared/audit/report.ts'
import { verifyJournal } from '../shared/audit/verify.ts'
import { EXIT, type Verb } from './verb.ts'
import { withJournal } from './with-journal.ts'

/** So many of a list are printed for people; `--json` has up to a thousand. */
const PRINTED = 20

export const auditVerify: Verb = {
  name: 'audit verify',
  usage: '[--state DIR | --table-endpoint URL --gateway-vault URL] [--json]',
  summary: 'Proves that the journal is as it was written, or names the entry, block or writer that is not.',
  options: { 'gateway-vault': { type: 'string' } },
  run: (call) =>
    withJournal(call, async ({ table, master }) => {
      const key = await master()
      const blocks = () => table.list({ pageRows: PAGE_BLOCKS })
      const report = await verifyJournal({ blocks, ...(key && { master: key }), now: Date.now() })
      // Entries that no key can be found for were never proved: that is no success.
      const proved = report.ok && (key !== undefined || report.entries === 0)
      const exit = proved ? EXIT.ok : EXIT.refused
      return { exit, json: { ...report, ok: proved }, text: describe(report, proved) }
    }),
}

function describe(report: Report, proved: boolean): string[] {
  const { entries, blocks, writers, from, to, wrong, wrongCount, late, unknown, unknownCount } = report
  const verdict = wrongCount > 0 ? `WRONG (${many(wrongCount, 'finding')})` : proved ? 'right' : 'not proved'
  const span = from ? `, ${from} to ${to} (UTC hours)` : ''
  return [
    `${verdict}: ${many(entries, 'entry', 'entries')} in ${many(blocks, 'block')} of ${many(writers, 'writer')}${span}`,
    level('with the master', report.levels.master),
    level('with the public key', report.levels.publicKey),
    ...some(wrong, wrongCount, finding),
    ...late.map(
      (at) =>
        `  late: block ${at.block} of writer ${at.writer}: ${many(at.intents, 'intent')}, refused when they were made`,
    ),
    ...some(
      unknown,
      unknownCount,
      (at) => `unknown: ${at.txn} of ${at.time}: nobody knows what came of it (writer ${at.writer}, entry ${at.entry})`,
    ),
    ...(report.pending > 0 ? [`  without a result yet: ${many(report.pending, 'act')} of the last minute`] : []),
    ...(report.openWriters > 0
      ? [`  not closed: ${many(report.openWriters, 'writer')}: running, killed, or cut off at the end`]
      : []),
  ]
}

const level = (name: string, { checked, says }: Level) => `  ${name}: ${checked ? 'checked' : 'not checked'}: ${says}`

const many = (count: number, one: string, more = `${one}s`) => `${count} ${count === 1 ? one : more}`

function finding({ code, writer, block, entry, message }: Finding): string {
  const place = [
    writer && `writer ${writer}`,
    block !== undefined && `block ${block}`,
    entry !== undefined && `entry ${entry}`,
  ]
  return `${code}: ${place.filter(Boolean).join(', ')}: ${message}`
}

function some<T>(items: readonly T[], count: number, line: (item: T) => string): string[] {
  const lines = items.slice(0, PRINTED).map((item) => `  ${line(item)}`)
  return count > lines.length ? [...lines, `  … and ${count - lines.length} more (--json)`] : lines
}
