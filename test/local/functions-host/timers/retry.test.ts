import { expect, test } from 'vitest'
import type { RetryContext } from '../../../../local/functions-host/app/core-types.ts'
import { retryDelay, runWithRetry } from '../../../../local/functions-host/timers/retry.ts'

const FIXED = { retryStrategy: 'fixedDelay', maxRetryCount: 2, delayInterval: { seconds: 3 } }

async function run(options: typeof FIXED | undefined, failures: number, stopAfter = Number.POSITIVE_INFINITY) {
  const contexts: (RetryContext | undefined)[] = []
  const pauses: number[] = []
  const outcome = await runWithRetry(options, {
    random: () => 0.5,
    async attempt(context) {
      contexts.push(context)
      if (contexts.length <= failures) throw new Error(`failure ${contexts.length}`)
    },
    async pause(ms) {
      pauses.push(ms)
      return pauses.length < stopAfter
    },
  }).then(
    () => 'done',
    (error: Error) => error.message,
  )
  return { contexts, pauses, outcome }
}

test('repeats with a fixed delay; the retry context counts from 0 and carries the last error', async () => {
  const { contexts, pauses, outcome } = await run(FIXED, 2)
  expect(outcome).toBe('done')
  expect(pauses).toEqual([3000, 3000])
  expect(contexts[0]).toEqual({ retryCount: 0, maxRetryCount: 2 })
  expect(contexts[1]).toMatchObject({ retryCount: 1, maxRetryCount: 2, exception: { message: 'failure 1' } })
})

test('gives up after maxRetryCount with the last error', async () => {
  const { contexts, outcome } = await run(FIXED, 9)
  expect([contexts.length, outcome]).toEqual([3, 'failure 3'])
})

test('a function without retry has one attempt and no context', async () => {
  const { contexts, outcome } = await run(undefined, 1)
  expect([contexts, outcome]).toEqual([[undefined], 'failure 1'])
})

test('-1 repeats until it works', async () => {
  expect((await run({ ...FIXED, maxRetryCount: -1 }, 50)).contexts).toHaveLength(51)
})

test('stops retrying when the host stops', async () => {
  expect((await run({ ...FIXED, maxRetryCount: -1 }, 50, 3)).outcome).toBe('failure 3')
})

test('exponential: doubles from the minimum, within 20 % of jitter, up to the maximum', () => {
  const options = {
    retryStrategy: 'exponentialBackoff',
    minimumInterval: { seconds: 2 },
    maximumInterval: { seconds: 30 },
  }
  expect([0, 1, 2, 3, 9].map((failures) => retryDelay(options, failures, 0.5))).toEqual([
    2000, 4000, 8000, 16_000, 30_000,
  ])
  expect(retryDelay(options, 2, 0)).toBe(6400)
  expect(retryDelay(options, 2, 1)).toBe(9600)
  expect(retryDelay(options, 0, 0)).toBe(2000)
})
