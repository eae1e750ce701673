import { hash } from 'node:crypto'
import { Cron } from 'croner'
import { readPeriod } from '../policy/documents/period.ts'
import type { RotationDocument } from '../policy/documents/rotation.ts'
import { createZoneClock, readTimeWindow, windowHolds } from '../policy/match/clock.ts'

type Scheduled = Pick<RotationDocument, 'name' | 'every' | 'cron' | 'window' | 'blackout' | 'jitter'>

/** Seconds of a period that a schema has checked, as milliseconds. */
export const ms = (period: string | undefined): number => (readPeriod(period ?? '') ?? 0) * 1_000

const STEP_MS = 300_000
const HORIZON_MS = 9 * 86_400_000

/**
 * When the secret is to be made new, if it was last at `from` (milliseconds): the period or the cron expression, plus the delay
 * of this very run. Infinity without a schedule. Pure.
 */
export function dueAfter(rotation: Scheduled, from: number): number {
  const at = regular(rotation, from)
  return Number.isFinite(at) ? at + delay(rotation, at) : at
}

function regular({ every, cron, window }: Scheduled, from: number): number {
  if (every !== undefined) return from + ms(every)
  if (cron === undefined) return Number.POSITIVE_INFINITY
  const next = new Cron(cron, { mode: '5-part', timezone: window?.zone ?? 'UTC' }).nextRun(new Date(from))
  return next?.getTime() ?? Number.POSITIVE_INFINITY
}

/** The same for the same run on every instance: out of the name and the regular time. */
function delay({ name, jitter }: Scheduled, at: number): number {
  if (jitter === undefined) return 0
  const share = Number.parseInt(hash('sha256', `${name}|${at}`, 'hex').slice(0, 8), 16) / 2 ** 32
  return Math.floor(share * ms(jitter))
}

/** The first moment from `at` on at which a run may begin: inside the window, outside every blackout. Infinity when none comes soon. */
export function mayBeginFrom(rotation: Pick<Scheduled, 'window' | 'blackout'>, at: number): number {
  const holds = windowOf(rotation)
  for (let time = at; time - at <= HORIZON_MS + blackoutTime(rotation); ) {
    const blackout = rotation.blackout.find(({ from, until }) => Date.parse(from) <= time && time < Date.parse(until))
    if (blackout) time = Date.parse(blackout.until)
    else if (holds(time)) return time
    else time = (Math.floor(time / STEP_MS) + 1) * STEP_MS
  }
  return Number.POSITIVE_INFINITY
}

const blackoutTime = ({ blackout }: Pick<Scheduled, 'blackout'>) =>
  blackout.reduce((sum, { from, until }) => sum + Date.parse(until) - Date.parse(from), 0)

function windowOf({ window }: Pick<Scheduled, 'window'>): (at: number) => boolean {
  if (!window) return () => true
  const compiled = readTimeWindow(window)
  const clock = createZoneClock(compiled.zone)
  return (at) => windowHolds(compiled, clock(at))
}
