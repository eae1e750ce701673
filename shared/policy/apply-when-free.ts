import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../errors.ts'
import type { Applied } from './apply.ts'

export type WaitOptions = {
  waitSeconds: number
  note?: (seconds: number) => void
  pause?: (ms: number) => Promise<unknown>
}

/** Repeats an apply while another one holds the table: one that was killed holds it until its claim expires. */
export async function applyWhenFree(
  apply: () => Promise<Applied>,
  { waitSeconds, note = () => {}, pause = sleep }: WaitOptions,
): Promise<Applied> {
  for (let left = waitSeconds; ; ) {
    try {
      return await apply()
    } catch (error) {
      if (!(error instanceof GatewayError && error.reason === 'apply_in_progress') || left <= 0) throw error
      const seconds = Math.min(error.extras.retryAfterSeconds ?? 1, left)
      note(seconds)
      left -= seconds
      await pause(seconds * 1_000)
    }
  }
}
