import type { Schedule } from './schedule.ts'
import type { ScheduleStatus } from './timer-status.ts'

export type Standing = {
  status: ScheduleStatus
  /** Must be stored before the schedule starts. */
  changed: boolean
  pastDue: boolean
}

/**
 * What a start finds (webjobs-sdk-extensions, ScheduleMonitor.CheckPastDueAsync): a stored Next that went by is past due,
 * once. When the stored Next is not what the schedule now gives, the schedule was edited: Last is forgotten and a Next in
 * the past is taken from now, so an edit never looks like a missed occurrence.
 */
export function checkPastDue(stored: ScheduleStatus | undefined, schedule: Schedule, now: number): Standing {
  if (!stored) return { status: { next: schedule.next(now), lastUpdated: now }, changed: true, pastDue: false }
  const base = stored.last ?? stored.lastUpdated ?? now
  const expected = schedule.next(base)
  if (stored.next === expected) return { status: stored, changed: false, pastDue: now > expected }
  const late = now > expected
  const status = { next: late ? schedule.next(now) : expected, lastUpdated: late ? now : base }
  return { status, changed: true, pastDue: now > status.next }
}

/** The status after a run that was started at `started`; an early scheduled fire counts as being on time. */
export function statusAfter(schedule: Schedule, started: number, due: number | undefined): ScheduleStatus {
  const last = due !== undefined && due > started ? due : started
  return { last, next: schedule.next(last), lastUpdated: last }
}
