import type { RegisteredFunction } from './app/core-module.ts'
import type { RetryContext, RpcData } from './app/core-types.ts'
import type { Invoke } from './app/invoke.ts'
import { describeError, type Logger } from './log.ts'

export type Runnable = { name: string; fn: RegisteredFunction; binding: string }

/** Runs a function within the app's time limit and logs its failure; rejects when it failed or took too long. */
export type Run = (target: Runnable, input: RpcData, retryContext?: RetryContext) => Promise<RpcData | null | undefined>

/**
 * The real host replaces the worker process of a function that runs over its time; in one process its promise is only
 * given up, and the log says so.
 */
export function createRun(
  invoke: Invoke,
  { timeoutMs, logger }: { timeoutMs: number | undefined; logger: Logger },
): Run {
  return async ({ name, fn, binding }, input, retryContext) => {
    const category = `Function.${name}`
    const chatty = logger.enabled('information', category)
    if (chatty) logger.write('information', category, `Executing 'Functions.${name}'`)
    try {
      const running = invoke({ fn, binding, input, ...(retryContext && { retryContext }) })
      const result = await (timeoutMs === undefined ? running : withinLimit(running, timeoutMs))
      if (chatty) logger.write('information', category, `Executed 'Functions.${name}' (Succeeded)`)
      return result
    } catch (error) {
      logger.write('error', category, `Executed 'Functions.${name}' (Failed) ${describeError(error)}`)
      throw error
    }
  }
}

/** setTimeout counts to 24.8 days. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

function withinLimit<T>(running: Promise<T>, timeoutMs: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`timed out after functionTimeout (${timeoutMs} ms); a real worker would be replaced`)),
      Math.min(timeoutMs, LONGEST_TIMER_MS),
    )
    const done = () => clearTimeout(timer)
    running.then(resolve, reject).finally(done)
  })
}
