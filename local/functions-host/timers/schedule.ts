import { parseTimeSpan } from '../config/time-span.ts'
import { createCron } from './ncrontab.ts'

export type Schedule = {
  /** First occurrence after `time` (ms); Infinity when there is none. */
  next(time: number): number
}

/** NCRONTAB of 5 or 6 fields, or a TimeSpan (the period from now); undefined when it is neither. */
export function createSchedule(text: string): Schedule | undefined {
  const cron = createCron(text)
  if (cron) return { next: cron }
  const period = parseTimeSpan(text)
  return period !== undefined && period > 0 ? { next: (time) => time + period } : undefined
}

const MINUTE = 60_000

/** A schedule that fires more often than once a minute is not monitored (TimerSchedule.ShouldDisableScheduleMonitor). */
export function isSubMinute(schedule: Schedule, now: number): boolean {
  let at = schedule.next(now)
  for (let count = 0; count < 5 && Number.isFinite(at); count++) {
    const following = schedule.next(at)
    if (following - at < MINUTE) return true
    at = following
  }
  return false
}
