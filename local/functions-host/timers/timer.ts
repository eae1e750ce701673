import type { Clock } from '../clock.ts'
import { checkPastDue, statusAfter } from './monitor.ts'
import { isSubMinute, type Schedule } from './schedule.ts'
import { type ScheduleStatus, type StatusStore, toStatusJson } from './timer-status.ts'

export type TimerOptions = { name: string; schedule: Schedule; useMonitor: boolean; runOnStartup: boolean }

export type TimerDeps = {
  clock: Clock
  store: StatusStore
  /** Runs the function with the timer's value (JSON text), retries included. */
  run(value: string): Promise<void>
  report(message: string): void
}

export type Timer = {
  start(): Promise<void>
  /** Runs it now, outside its schedule, as the admin API does; rejects with the function's error. */
  runNow(): Promise<void>
  /** Nothing fires afterwards; resolves when what runs has ended. */
  stop(): Promise<void>
}

type Reason = 'scheduled' | 'past due' | 'startup'

/** A long wait is cut, so that neither setTimeout's 24.8 days nor a clock that was set or a machine that slept matter. */
const MAX_WAIT_MS = 60_000

/** One timer, serial with itself: the next occurrence counts from the end of a run, so an overrun skips some. */
export function createTimer(options: TimerOptions, { clock, store, run, report }: TimerDeps): Timer {
  const { name, schedule } = options
  const monitored = options.useMonitor && !isSubMinute(schedule, clock.now())
  const running = new Set<Promise<void>>()
  let status: ScheduleStatus | undefined
  let due = 0
  let cancel: (() => void) | undefined
  let stopped = false

  async function save(next: ScheduleStatus): Promise<void> {
    status = next
    if (!monitored) return
    await store.write(name, next).catch(() => report(`the status of the timer ${name} could not be stored`))
  }

  function invoke(isPastDue: boolean): Promise<void> {
    const shown = monitored && status ? toStatusJson(status) : null
    const value = { Schedule: { AdjustForDST: true }, ScheduleStatus: shown, IsPastDue: isPastDue }
    return run(JSON.stringify(value))
  }

  /** `stop` waits for it, the storing of the status included. */
  function track(work: Promise<void>): Promise<void> {
    running.add(work)
    const forget = () => running.delete(work)
    work.then(forget, forget)
    return work
  }

  function wait(): void {
    if (stopped || !Number.isFinite(due)) return
    const left = Math.max(due - clock.now(), 1)
    cancel = clock.after(Math.min(left, MAX_WAIT_MS), () => {
      if (due <= clock.now()) void track(fire('scheduled'))
      else wait()
    })
  }

  async function fire(reason: Reason): Promise<void> {
    if (stopped) return
    const started = clock.now()
    // The function's own errors are logged where it is invoked; they never stop the schedule.
    await invoke(reason === 'past due').catch(() => undefined)
    const after = statusAfter(schedule, started, reason === 'scheduled' ? due : undefined)
    await save(after)
    due = schedule.next(Math.max(clock.now(), after.last ?? 0))
    wait()
  }

  return {
    async start() {
      const now = clock.now()
      const stored = monitored ? await store.read(name) : undefined
      const standing = monitored ? checkPastDue(stored, schedule, now) : undefined
      if (standing?.changed) await save(standing.status)
      // The first status of all is shown to the function without LastUpdated, although it is stored with it.
      status = stored && standing ? standing.status : { next: schedule.next(now) }
      due = status.next
      const reason: Reason | undefined = standing?.pastDue ? 'past due' : options.runOnStartup ? 'startup' : undefined
      if (reason) cancel = clock.after(1, () => void track(fire(reason)))
      else wait()
    },
    runNow: () => track(invoke(false)),
    async stop() {
      stopped = true
      cancel?.()
      await Promise.allSettled(running)
    },
  }
}
