import type { TestRig } from '../rig.ts'
import type { Caller } from '../tenant.ts'
import type { State } from './expected.ts'
import { createFaultyLink, type Fault } from './faulty-link.ts'
import { namesOf, openLink } from './matrix.ts'
import { attempt, attemptAtOnce, createClock, type Row, recover, warmUp } from './row.ts'
import { createSubject, PAST_SECONDS, type Subject } from './subject.ts'

const DEADLINE_MS = 30_000

/**
 * The rows of the managed-identity endpoint. TRAP: its client is one for the process and keeps tokens, so a gateway is cold
 * only before the first token was given: all cold gateways come first, one fault after the other without a gap, and mend
 * themselves together at the end. The warm one meets all faults after that.
 */
export async function runIdentityRows(
  { local, tokens }: { local: TestRig; tokens: ReadonlyMap<Caller, string> },
  faults: readonly Fault[],
): Promise<Map<Fault, Row>> {
  const clock = createClock()
  const storage = await openLink(local, 'storage', clock.ahead)
  const link = await createFaultyLink({ upstream: new URL(local.addresses.identityEndpoint).origin })
  process.env['IDENTITY_ENDPOINT'] = `${link.url}${new URL(local.addresses.identityEndpoint).pathname}`
  const subjects: Subject[] = []
  const subject = (fault: Fault, temperature: 'warm' | 'cold') => {
    const names = namesOf('identity endpoint', fault, temperature)
    const options = { local, tokens, names, links: storage.links, journalDeadlineMs: DEADLINE_MS, now: clock.now }
    const made = createSubject(options)
    subjects.push(made)
    return made
  }
  const rows = new Map<Fault, Row>(faults.map((fault) => [fault, { outcomes: {}, failing: [], all: [], trapped: 0 }]))
  const meet = async (fault: Fault, met: Subject, state: State) => {
    const { outcomes, done } = await (state === 'cold' ? attemptAtOnce(met) : attempt(met))
    const row = rows.get(fault)
    if (!row) throw new Error('no such row')
    row.outcomes[state] = outcomes
    row.all.push(...done)
    row.trapped = link.trapped()
  }
  try {
    for (const fault of faults) {
      await link.set(fault)
      await meet(fault, subject(fault, 'cold'), 'cold')
    }
    await link.set(undefined)
    const again = await Promise.all(subjects.map((each) => recover(each, clock)))
    for (const [at, row] of [...rows.values()].entries()) {
      row.failing.push(...(again[at]?.failing ?? []))
      row.all.push(...(again[at]?.done ?? []))
    }
    for (const fault of faults) {
      const warm = subject(fault, 'warm')
      rows.get(fault)?.all.push(...(await warmUp(warm, clock)))
      await link.set(fault)
      await meet(fault, warm, 'warm')
      clock.pass(PAST_SECONDS)
      await meet(fault, warm, 'late')
      await link.set(undefined)
    }
    return rows
  } finally {
    await Promise.all(subjects.map((each) => each.close()))
    await Promise.all([storage.link, link].map((each) => each.close()))
  }
}
