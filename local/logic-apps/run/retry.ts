import { milliseconds, type RetryPolicy } from '../workflow.ts'
import type { RunnerDeps } from './deps.ts'
import type { StepRecord } from './history.ts'
import type { Incoming } from './send.ts'

export type Tried = { answer: Incoming | undefined; retryHistory: NonNullable<StepRecord['retryHistory']> }

/**
 * Asks until there is an answer worth having: 408, 429, every 5xx and no answer at all are tried again, after what the policy says
 * or `Retry-After` when that is longer. The default is Azure's: four times, exponentially.
 */
export async function withRetries(
  ask: () => Promise<Incoming>,
  policy: RetryPolicy = {
    type: 'exponential',
    count: 4,
    interval: 'PT7S',
    minimumInterval: 'PT5S',
    maximumInterval: 'PT45S',
  },
  { now, wait, random = Math.random }: Pick<RunnerDeps, 'now' | 'wait' | 'random'>,
): Promise<Tried> {
  const retryHistory: Tried['retryHistory'] = []
  const count = policy.type === 'none' ? 0 : policy.count
  for (let tries = 0; ; tries++) {
    const startTime = new Date(now()).toISOString()
    const answer = await ask().catch(() => undefined)
    if ((answer && !isWorthRetrying(answer.status)) || tries >= count) return { answer, retryHistory }
    retryHistory.push({ startTime, code: answer ? String(answer.status) : 'NoAnswer' })
    await wait(Math.max(pause(policy, tries, random()), retryAfter(answer) ?? 0))
  }
}

const isWorthRetrying = (status: number) => status === 408 || status === 429 || status >= 500

/** Milliseconds that an answer asks to wait; undefined when it does not. Dates are not sent by the gateway. */
export function retryAfter(answer: Incoming | undefined): number | undefined {
  const seconds = answer?.headers['retry-after']
  return seconds !== undefined && /^\d+$/.test(seconds) ? Number(seconds) * 1_000 : undefined
}

/** Before the next try, `tries` counted from 0: a random moment of a range that doubles, within the limits. */
function pause(policy: RetryPolicy, tries: number, random: number): number {
  if (policy.type === 'none') return 0
  const interval = milliseconds(policy.interval)
  if (policy.type === 'fixed') return interval
  const { minimumInterval = 'PT5S', maximumInterval = 'PT1H' } = policy
  const [low, high] = tries === 0 ? [0, interval] : [interval * 2 ** (tries - 1), interval * 2 ** tries]
  const picked = low + random * (high - low)
  return Math.min(Math.max(picked, milliseconds(minimumInterval)), milliseconds(maximumInterval))
}
