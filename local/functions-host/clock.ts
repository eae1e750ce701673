/** Time as the host sees it; tests inject one that they move themselves. */
export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls back once, not before `ms` have passed; the result cancels. */
  after(ms: number, callback: () => void): () => void
}

/** The system's clock; `now` may be replaced so that only the reading of time is moved. */
export function systemClock(now: () => number = Date.now): Clock {
  return {
    now,
    after(ms, callback) {
      const timer = setTimeout(callback, ms)
      return () => clearTimeout(timer)
    },
  }
}
