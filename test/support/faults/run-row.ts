import type { TestRig } from '../rig.ts'
import type { Caller } from '../tenant.ts'
import type { Fault } from './faulty-link.ts'
import { type Linked, namesOf, openLink } from './matrix.ts'
import { attempt, createClock, type Row, recover, warmUp } from './row.ts'
import { createSubject, PAST_SECONDS, type Subject } from './subject.ts'

/** What the journal cannot write is refused after this, where that is expected; elsewhere a busy machine gets its time. */
const SHORT_MS = 1_500
const LONG_MS = 30_000

/** Loads the SDKs and makes the gateway's keys, so that no row pays for them with its deadlines. */
export async function warmProcess({ local, tokens }: Pick<RowOptions, 'local' | 'tokens'>): Promise<void> {
  const clock = createClock()
  const { link, links } = await openLink(local, 'storage', clock.ahead)
  const names = { ...namesOf('storage', 'refused', 'warm'), written: 'stripe-first' }
  const subject = createSubject({ local, tokens, names, links, journalDeadlineMs: LONG_MS, now: clock.now })
  await warmUp(subject, clock)
  await subject.close()
  await link.close()
}

export type RowOptions = { local: TestRig; tokens: ReadonlyMap<Caller, string>; dependency: Linked; fault: Fault }

/** Runs one row: a warm gateway meets the fault, a cold one starts in it, and both must mend themselves when it ends. */
export async function runRow({ local, tokens, dependency, fault }: RowOptions): Promise<Row> {
  const clock = createClock()
  const storage = await openLink(local, 'storage', clock.ahead)
  const { link, links } = dependency === 'storage' ? storage : await openLink(local, dependency, clock.ahead)
  const subjects: Subject[] = []
  const subject = (temperature: 'warm' | 'cold', journalDeadlineMs: number) => {
    const names = namesOf(dependency, fault, temperature)
    const routes = { ...storage.links, ...links }
    const made = createSubject({ local, tokens, names, links: routes, journalDeadlineMs, now: clock.now })
    subjects.push(made)
    return made
  }
  try {
    const warm = subject('warm', dependency === 'storage' ? SHORT_MS : LONG_MS)
    const warmed = await warmUp(warm, clock)
    await link.set(fault)
    const cold = subject('cold', ['storage', 'gateway vault'].includes(dependency) ? SHORT_MS : LONG_MS)
    const [first, started] = await Promise.all([attempt(warm), attempt(cold)])
    clock.pass(PAST_SECONDS)
    const second = await attempt(warm)
    await link.set(undefined)
    const again = await Promise.all(subjects.map((each) => recover(each, clock)))
    return {
      outcomes: { warm: first.outcomes, cold: started.outcomes, late: second.outcomes },
      failing: again.flatMap(({ failing }) => failing),
      all: [...warmed, ...first.done, ...started.done, ...second.done, ...again.flatMap(({ done }) => done)],
      trapped: link.trapped(),
    }
  } finally {
    await Promise.all(subjects.map((each) => each.close()))
    await Promise.all([storage.link, link].map((each) => each.close()))
  }
}
