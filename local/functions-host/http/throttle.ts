export type Throttle = {
  /** A slot now (undefined), a slot later, or `full`. Each slot must be given back with `leave`. */
  enter(): undefined | Promise<void> | 'full'
  leave(): void
}

/** host.json's maxConcurrentRequests and maxOutstandingRequests (running and waiting together); -1 is no limit. */
export function createThrottle(maxConcurrent: number, maxOutstanding: number): Throttle | undefined {
  if (maxConcurrent === -1 && maxOutstanding === -1) return undefined
  const waiting: (() => void)[] = []
  let running = 0

  return {
    enter() {
      if (maxOutstanding !== -1 && running + waiting.length >= maxOutstanding) return 'full'
      if (maxConcurrent !== -1 && running >= maxConcurrent) return new Promise((resolve) => waiting.push(resolve))
      running++
      return undefined
    },
    leave() {
      // The slot of the one that leaves goes to the one that waited longest.
      const next = waiting.shift()
      if (next) next()
      else running--
    },
  }
}
