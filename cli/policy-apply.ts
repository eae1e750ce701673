import { applyPolicies } from '../shared/policy/apply.ts'
import { applyWhenFree } from '../shared/policy/apply-when-free.ts'
import { connect } from './connect.ts'
import { documentsOf, faultLines, faultsIn } from './policy-documents.ts'
import { CliError, EXIT, type Verb } from './verb.ts'

export const policyApply: Verb = {
  name: 'policy apply',
  usage: '[--dir DIR] [FILE…] [--issuer URL] [--wait SECONDS]',
  summary: 'Makes exactly these documents the set in force; what is not among them is removed.',
  options: { dir: { type: 'string' }, issuer: { type: 'string' }, wait: { type: 'string' } },
  async run(call) {
    const waitSeconds = Number(call.values['wait'] ?? 60)
    if (!(waitSeconds >= 0)) throw new CliError(EXIT.usage, '--wait: a number of seconds')
    const documents = await documentsOf(call)
    const { table, issuer } = await connect(call)
    const faults = faultsIn(documents, issuer)
    if (faults.length > 0) {
      return { exit: EXIT.refused, json: { ok: false, faults }, text: [...faultLines(faults), 'nothing was changed'] }
    }
    const apply = () =>
      applyPolicies({
        table: table('policies'),
        documents: documents.map(({ value }) => value),
        now: Date.now,
        ...(issuer && { forbiddenIssuer: issuer }),
      })
    const note = (seconds: number) => call.note(`another apply holds the table, trying again in ${seconds} s`)
    const applied = await applyWhenFree(apply, { waitSeconds, note })
    const { revision, inserted, removed } = applied
    const text = [`revision ${revision}: ${inserted} new or changed, ${removed} removed, ${documents.length} in force`]
    return { exit: EXIT.ok, json: { ok: true, ...applied, documents: documents.length }, text }
  },
}
