import type { TimerFunction } from '../app/index-functions.ts'
import type { Clock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { Run } from '../runner.ts'
import { runWithRetry } from './retry.ts'
import { createTimer, type Timer } from './timer.ts'
import type { StatusStore } from './timer-status.ts'

export type HostTimers = {
  start(): Promise<void>
  /** Runs one now, whatever the case of its name; rejects with its error, or when there is none. */
  run(name: string): Promise<void>
  stop(): Promise<void>
}

type Deps = { run: Run; clock: Clock; store: StatusStore; logger: Logger }

/** All timer functions of the app; disabled ones run by hand only. */
export function createHostTimers(functions: readonly TimerFunction[], deps: Deps): HostTimers {
  const waits = new Set<() => void>()
  const timers = new Map<string, Timer>(functions.map((fn) => [fn.name.toLowerCase(), timerOf(fn, { ...deps, waits })]))

  return {
    async start() {
      for (const fn of functions) if (!fn.disabled) await timers.get(fn.name.toLowerCase())?.start()
    },
    async run(name) {
      const timer = timers.get(name.toLowerCase())
      if (!timer) throw new Error(`there is no timer function ${name}`)
      await timer.runNow()
    },
    async stop() {
      const stopped = [...timers.values()].map((timer) => timer.stop())
      for (const giveUp of [...waits]) giveUp()
      await Promise.all(stopped)
    },
  }
}

function timerOf(fn: TimerFunction, deps: Deps & { waits: Set<() => void> }): Timer {
  const { run, clock, store, logger } = deps
  return createTimer(fn, {
    clock,
    store,
    report: (message) => logger.write('warning', `Function.${fn.name}`, message),
    run: (value) =>
      runWithRetry(fn.fn.metadata.retryOptions, {
        attempt: async (context) => void (await run(fn, { json: value }, context)),
        pause: (ms) => pause(ms, deps),
        random: Math.random,
      }),
  })
}

function pause(ms: number, { clock, waits }: { clock: Clock; waits: Set<() => void> }): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (waited: boolean) => {
      cancel()
      waits.delete(giveUp)
      resolve(waited)
    }
    const giveUp = () => end(false)
    const cancel = clock.after(ms, () => end(true))
    waits.add(giveUp)
  })
}
