import { LIMITS } from './limits.ts'

export type Breaker = {
  /** Whether a try is allowed: always while closed, one per pause while open (the caller is single-flight). */
  allows(now: number): boolean
  succeeded(): void
  failed(now: number): void
  /** Milliseconds until a try is allowed again; 0 when it is. */
  pauseMs(now: number): number
}

/** Opens after 3 failures in a row; pauses 30 s, doubled at each failed try up to 5 min (F5: no cooldown meant a fetch per request). */
export function createBreaker(): Breaker {
  let failures = 0
  let openedAt = 0
  let pause = 0
  const pauseMs = (now: number) => {
    const elapsed = now - openedAt
    // A clock that was set back must not keep it open.
    return elapsed >= 0 && elapsed < pause ? pause - elapsed : 0
  }
  return {
    allows: (now) => pauseMs(now) === 0,
    pauseMs,
    succeeded: () => {
      failures = 0
      pause = 0
    },
    failed: (now) => {
      failures += 1
      if (failures < LIMITS.breakerFailures) return
      pause = Math.min(pause === 0 ? LIMITS.breakerFirstMs : pause * 2, LIMITS.breakerMaxMs)
      openedAt = now
    },
  }
}
