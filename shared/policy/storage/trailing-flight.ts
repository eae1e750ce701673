/** One run at a time of something that never rejects. */
export type TrailingFlight = {
  /** Waits for the run that is under way, or starts one. */
  join(): Promise<void>
  /** Waits for a run that begins after the call: what is under way may have looked too early. All waiters share it. */
  afresh(): Promise<void>
}

export function createTrailingFlight(run: () => Promise<void>): TrailingFlight {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const start = (): Promise<void> => {
    running = run().finally(() => {
      running = undefined
    })
    return running
  }
  return {
    join: () => running ?? start(),
    afresh: () => {
      if (!running) return start()
      next ??= running.then(() => {
        next = undefined
        return running ?? start()
      })
      return next
    },
  }
}
