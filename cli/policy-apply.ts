import { type Applied, applyPolicies } from '../shared/policy/apply.ts'
import { applyWhenFree } from '../shared/policy/apply-when-free.ts'
import { connect } from './connect.ts'
import { documentsOf, managerOf, withFaults } from './policy-documents.ts'
import { type Answer, type Call, CliError, EXIT, type Verb } from './verb.ts'

export const policyApply: Verb = {
  name: 'policy apply',
  usage:
    '[--dir DIR] [FILE…] [--manager NAME] [--expect-revision N | --force] [--exact] [--issuer URL] [--wait SECONDS]',
  summary:
    'Makes these documents the ones of their manager that are in force; what it applied before and is not among them is removed. Documents of others are left alone (not with --exact).',
  options: {
    dir: { type: 'string' },
    manager: { type: 'string' },
    'expect-revision': { type: 'string' },
    force: { type: 'boolean' },
    exact: { type: 'boolean' },
    issuer: { type: 'string' },
    wait: { type: 'string' },
  },
  async run(call) {
    const waitSeconds = Number(call.values['wait'] ?? 60)
    if (!(waitSeconds >= 0)) throw new CliError(EXIT.usage, '--wait: a number of seconds')
    const options = {
      manager: managerOf(call),
      expectRevision: expectedRevision(call),
      force: call.values['force'] === true,
      exact: call.values['exact'] === true,
    }
    const documents = await documentsOf(call)
    return withFaults(documents, async () => {
      const { table, issuer: forbiddenIssuer, refuse } = await connect(call)
      const values = documents.map(({ value }) => value)
      const checks = { forbiddenIssuer, refuse }
      const deps = { table: table('policies'), documents: values, now: Date.now, ...checks, ...options }
      const note = (seconds: number) => call.note(`another apply holds the table, trying again in ${seconds} s`)
      return answer(await applyWhenFree(() => applyPolicies(deps), { waitSeconds, note }), documents.length)
    })
  },
}

function expectedRevision({ values }: Call): number | undefined {
  const text = values['expect-revision']
  if (text === undefined) return undefined
  if (!/^\d{1,12}$/.test(String(text))) throw new CliError(EXIT.usage, '--expect-revision: the number a plan names')
  return Number(text)
}

function answer({ leftAlone, ...applied }: Applied, documents: number): Answer {
  const { revision, inserted, removed } = applied
  const others = leftAlone.map(({ kind, id, manager }) => ({ kind, id, manager }))
  const text = [
    `revision ${revision}: ${inserted} new or changed, ${removed} removed, ${documents + others.length} in force`,
    ...others.map(({ kind, id, manager }) => `left alone: ${kind}/${id} (manager ${manager})`),
  ]
  return { exit: EXIT.ok, json: { ok: true, ...applied, documents, leftAlone: others }, text }
}
