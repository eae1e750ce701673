import { queryJournal } from '../../../shared/audit/query.ts'
import { verifyJournal } from '../../../shared/audit/verify.ts'
import type { TestRig } from '../rig.ts'
import { isHandOut } from './expected.ts'
import { asOperator, VALUE } from './matrix.ts'
import type { Done } from './subject.ts'

const worked = ({ outcome }: Done) => outcome.startsWith('ok')

/** Refusals that do not say when to come back, or that hold a value. */
export const badRefusals = (all: readonly Done[]) =>
  all.filter((done) => {
    if (worked(done)) return false
    const saysWhen = done.act === 'healthz' || /^[1-9]\d{0,3}$/.test(done.retryAfter ?? '')
    return !saysWhen || done.text.includes(VALUE)
  })

/** Transactions that handed something out without a durable intent (T27); the gateways must be closed. */
export async function unrecorded(local: TestRig, all: readonly Done[]): Promise<Done[]> {
  const intents = new Set<string>()
  const asked = {
    table: asOperator(local).table('audit'),
    filter: {},
    order: 'oldest',
    now: Date.now(),
  } as const
  for await (const { entry } of queryJournal(asked)) {
    if (entry.kind === 'intent') intents.add(entry.txn)
  }
  return all.filter((done) => worked(done) && isHandOut(done.act) && !intents.has(done.txn))
}

/** Secrets whose versions are not one for each write that was told to have worked. */
export async function wrongVersions(local: TestRig, all: readonly Done[]): Promise<Record<string, number[]>> {
  const vault = asOperator(local).vault(`https://${local.account}-main.vault.azure.net`)
  const wrong: Record<string, number[]> = {}
  for (const name of new Set(all.map(({ written }) => written))) {
    const told = all.filter((done) => done.written === name && done.act === 'set' && worked(done)).length
    const kept = (await vault.versions(name)).length
    if (kept !== told) wrong[name] = [told, kept]
  }
  return wrong
}

/** What `sallyport audit verify` would say about the journal that all the rows have left. */
export async function verified(local: TestRig) {
  const azure = asOperator(local)
  const master = await azure.vault(`https://${local.account}-gateway.vault.azure.net`).get('journal-master')
  return verifyJournal({ blocks: () => azure.table('audit').list({}), master: master.value, now: Date.now() })
}
