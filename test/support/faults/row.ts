import { setTimeout as sleep } from 'node:timers/promises'
import type { Act, Outcomes, State } from './expected.ts'
import type { Done, Subject } from './subject.ts'

/** The time of one row, for its gateways and for the storage they compare their clock with. */
export type Clock = { now(): number; ahead(): number; pass(seconds: number): void }

export function createClock(): Clock {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    ahead: () => ahead,
    pass: (seconds) => {
      ahead += seconds * 1_000
    },
  }
}

/** What came of one row. */
export type Row = {
  outcomes: Partial<Record<State, Outcomes>>
  /** What still did not work after the fault had ended. */
  failing: string[]
  /** Everything that was answered. */
  all: Done[]
  /** Requests that followed a redirect. */
  trapped: number
}

const AT_ONCE: readonly Act[] = ['read cached', 'read uncached', 'set', 'issue', 'whoami', 'jwks']
const EVERY: readonly Act[] = [...AT_ONCE, 'healthz']
/** The uncached secret stays uncached. */
const WARM_UP: readonly Act[] = EVERY.filter((act) => act !== 'read uncached')

/** Breakers open for at most 40 s, so the clock is moved on at every try. */
const TRIES = 50
const STEP_SECONDS = 10
const TURN_MS = 100

/** All acts, health last since it tells what the others met. */
export async function attempt(subject: Subject): Promise<Attempt> {
  const done = await Promise.all(AT_ONCE.map((act) => subject.do(act)))
  return asAttempt([...done, await subject.do('healthz')])
}

export const attemptAtOnce = async (subject: Subject): Promise<Attempt> =>
  asAttempt(await Promise.all(EVERY.map((act) => subject.do(act))))

type Attempt = { outcomes: Outcomes; done: Done[] }

const asAttempt = (done: Done[]): Attempt => ({
  done,
  outcomes: Object.fromEntries(done.map(({ act, outcome }) => [act, outcome])) as Outcomes,
})

export async function warmUp(subject: Subject, clock: Clock): Promise<Done[]> {
  const { failing, done } = await untilAllWork(subject, WARM_UP, clock)
  if (failing.length > 0) throw new Error(`the gateway does not get warm: ${failing.join(', ')}`)
  return done
}

/** Acts that still do not work after the fault has ended; empty when the gateway mended itself. */
export const recover = (subject: Subject, clock: Clock) => untilAllWork(subject, EVERY, clock)

async function untilAllWork(subject: Subject, acts: readonly Act[], clock: Clock) {
  const done: Done[] = []
  let failing: string[] = []
  for (let left = TRIES; left > 0; left--) {
    clock.pass(STEP_SECONDS)
    const now = await Promise.all(acts.map((act) => subject.do(act)))
    done.push(...now)
    failing = now.filter(({ outcome }) => outcome !== 'ok').map(({ act, outcome }) => `${act}: ${outcome}`)
    if (failing.length === 0) break
    await sleep(TURN_MS)
  }
  return { failing, done }
}
