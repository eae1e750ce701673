import { planPolicies } from '../shared/policy/plan/plan.ts'
import { readCurrent } from '../shared/policy/storage/publish.ts'
import { connect } from './connect.ts'
import { changeLines } from './plan-lines.ts'
import { documentsOf, managerOf, withFaults } from './policy-documents.ts'
import { EXIT, type Verb } from './verb.ts'

export const policyDrift: Verb = {
  name: 'policy drift',
  usage: '[--dir DIR] [FILE…] [--manager NAME] [--strict]',
  summary:
    'Compares the documents with the set in force: exit 1 with every difference. With --strict documents of other managers are differences too.',
  options: { dir: { type: 'string' }, manager: { type: 'string' }, strict: { type: 'boolean' } },
  async run(call) {
    const manager = managerOf(call)
    const documents = await documentsOf(call)
    return withFaults(documents, async () => {
      const { table, issuer } = await connect(call)
      const current = await readCurrent(table('policies'))
      const values = documents.map(({ value }) => value)
      const { revision, changes } = await planPolicies(current, values, {
        manager,
        now: Date.now(),
        forbiddenIssuer: issuer,
      })
      const drifted = changes.filter(({ state }) => {
        return state !== 'same' && (state !== 'left_alone' || call.values['strict'] === true)
      })
      const lines = changeLines(drifted)
      const ok = drifted.length === 0
      const found = `revision ${revision} differs from the documents (what an apply would do about it):`
      const text = ok ? [`revision ${revision} is what the documents say`] : [found, ...lines]
      return { exit: ok ? EXIT.ok : EXIT.refused, json: { ok, revision, differences: drifted }, text }
    })
  },
}
