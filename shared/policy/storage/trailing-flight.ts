import { setImmediate as nextTurn } from 'node:timers/promises'

/** One run at a time of something that never rejects. */
export type TrailingFlight = {
  /** Waits for the run that is under way, or starts one. */
  join(): Promise<void>
  /** Waits for a run that begins after the call: what is under way may have looked too early. All waiters share it. */
  afresh(): Promise<void>
}

/** A run begins in the next turn of the event loop, so that all who ask in this one share it instead of waiting for another. */
export function createTrailingFlight(run: () => Promise<void>): TrailingFlight {
  let running: Promise<void> | undefined
  let looking = false
  let next: Promise<void> | undefined
  const begin = async (): Promise<void> => {
    await nextTurn()
    looking = true
    await run().finally(() => {
      looking = false
      running = undefined
    })
  }
  const join = (): Promise<void> => {
    running ??= begin()
    return running
  }
  return {
    join,
    afresh: () => {
      if (!running || !looking) return join()
      next ??= running.then(() => {
        next = undefined
        return join()
      })
      return next
    },
  }
}
