/** How much one run may do of one thing; what is left is done by the next one. */
export type Bounds = {
  /** Rows, or entries of the journal, that are looked at. */
  rows: number
  /** Whether its time is over. */
  over(): boolean
}

/** `ms` of real time: a gateway's clock may be set while it runs. */
export function createBounds({ rows, ms }: { rows: number; ms: number }): Bounds {
  const until = performance.now() + ms
  return { rows, over: () => performance.now() >= until }
}
