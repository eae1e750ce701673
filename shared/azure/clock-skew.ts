/** An answer that took longer says too little about the server's clock. */
const MAX_ROUND_TRIP_MS = 2_000
/** `Date` counts whole seconds: on average the server is half a second further. */
const HALF_SECOND_MS = 500

/** Watches how far the server's clock is from ours (T28). */
export function createClockSkew() {
  let skewMs: number | undefined
  return {
    seen(date: string, sentAt: number, receivedAt: number): void {
      const server = Date.parse(date)
      if (Number.isNaN(server) || receivedAt - sentAt > MAX_ROUND_TRIP_MS || receivedAt < sentAt) return
      skewMs = server + HALF_SECOND_MS - (sentAt + receivedAt) / 2
    },
    /** Server minus ours; undefined before the first answer. */
    skewMs: () => skewMs,
  }
}
