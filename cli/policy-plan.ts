import { resolve } from 'node:path'
import type { Principal } from '../shared/identity/principal.ts'
import { parsePolicySet, type SetOptions } from '../shared/policy/documents/policy-set.ts'
import { type Plan, planPolicies } from '../shared/policy/plan/plan.ts'
import { principalById, selfGrants } from '../shared/policy/plan/self-grant.ts'
import { inMemory } from '../shared/policy/storage/in-memory.ts'
import { type Current, readCurrent } from '../shared/policy/storage/publish.ts'
import { connect } from './connect.ts'
import { refuseOwn } from './own.ts'
import { changeLines, wideningLines } from './plan-lines.ts'
import { documentsOf, faultLines, faultsIn, managerOf, readPaths, withFaults } from './policy-documents.ts'
import { type Answer, type Call, CliError, EXIT, type Verb } from './verb.ts'

export const policyPlan: Verb = {
  name: 'policy plan',
  usage:
    '[--dir DIR] [FILE…] [--against DIR] [--manager NAME] [--exact] [--fail-on-widening] [--fail-on-self-grant ID] [--issuer URL]',
  summary:
    'Says what an apply would change in the table and what the new set would grant that the one in force does not; --against compares with a folder instead. Exit 1 when a --fail-on… finds something.',
  options: {
    dir: { type: 'string' },
    against: { type: 'string' },
    manager: { type: 'string' },
    exact: { type: 'boolean' },
    'fail-on-widening': { type: 'boolean' },
    'fail-on-self-grant': { type: 'string' },
    issuer: { type: 'string' },
  },
  async run(call) {
    const author = authorOf(call)
    const manager = managerOf(call)
    const documents = await documentsOf(call)
    return withFaults(documents, async () => {
      const { current, ...checks } = await standing(call, manager)
      const options = { ...checks, manager, exact: call.values['exact'] === true, now: Date.now() }
      const plan = await planPolicies(
        current,
        documents.map(({ value }) => value),
        options,
      )
      return answer(plan, { author, strict: call.values['fail-on-widening'] === true })
    })
  },
}

function authorOf({ values }: Call): Principal | undefined {
  const id = values['fail-on-self-grant']
  if (id === undefined) return undefined
  const author = principalById(String(id))
  if (!author)
    throw new CliError(EXIT.usage, '--fail-on-self-grant: a principal id, such as entra:<tenant>:<object id>')
  return author
}

type Standing = SetOptions & { current: Pick<Current, 'revision' | 'versions' | 'inForce'> }

async function standing(call: Call, manager: string): Promise<Standing> {
  const { against, issuer } = call.values
  if (typeof against !== 'string') {
    const { table, issuer: forbiddenIssuer, refuse } = await connect(call)
    return { current: await readCurrent(table('policies')), forbiddenIssuer, refuse }
  }
  const old = await readPaths([resolve(call.cwd, against)])
  const parsed = parsePolicySet(old.map(({ value }) => value))
  if (!parsed.ok) throw new CliError(EXIT.refused, faultLines(faultsIn(old)).join('\n'))
  const current = inMemory(parsed.documents, manager)
  return { current, forbiddenIssuer: issuer?.toString(), refuse: refuseOwn(call) }
}

type Wishes = { author: Principal | undefined; strict: boolean }

function answer(plan: Plan, { author, strict }: Wishes): Answer {
  const { revision, changes, widenings } = plan
  const own = author ? selfGrants(widenings, author) : []
  const failed = [
    ...(strict && widenings.length > 0 ? ['the new set grants what the one in force does not'] : []),
    ...(own.length > 0 ? [`the new set may grant its author ${author?.id} what the one in force does not`] : []),
  ]
  const changed = changeLines(changes)
  const conflicts = changes.some(({ state }) => state === 'conflict')
  const text = [
    changed.length > 0 ? `compared with revision ${revision}:` : `nothing changes (revision ${revision})`,
    ...changed,
    ...(conflicts ? [`! needs: policy apply --expect-revision ${revision}`] : []),
    widenings.length > 0 ? 'grants what was not granted before:' : 'grants nothing that was not granted before',
    ...wideningLines(widenings),
    ...failed,
  ]
  const json = { ok: failed.length === 0, ...plan, ...(author && { selfGrants: own }) }
  return { exit: failed.length > 0 ? EXIT.refused : EXIT.ok, json, text }
}
