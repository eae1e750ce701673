import type { Clock } from '../../../../local/functions-host/clock.ts'

export type ManualClock = Clock & {
  /** Moves time on, calling back whatever falls due on the way, in order. */
  advance(ms: number): Promise<void>
  /** Sets the time without calling anything back, as when a machine slept. */
  jump(ms: number): void
  /** The longest wait anybody ever asked for. */
  longestWait(): number
  pending(): number
}

/** Lets everything run that waits for promises only. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

/** Time that only the test moves. */
export function createManualClock(start: number): ManualClock {
  const waiting = new Set<{ at: number; callback: () => void }>()
  let time = start
  let longest = 0

  return {
    now: () => time,
    after(ms, callback) {
      longest = Math.max(longest, ms)
      const entry = { at: time + ms, callback }
      waiting.add(entry)
      return () => waiting.delete(entry)
    },
    async advance(ms) {
      const end = time + ms
      await settle()
      for (;;) {
        const next = [...waiting].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        waiting.delete(next)
        time = Math.max(time, next.at)
        next.callback()
        await settle()
      }
      time = end
    },
    jump(ms) {
      time += ms
    },
    longestWait: () => longest,
    pending: () => waiting.size,
  }
}
