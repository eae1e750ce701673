import type { RetryContext, RetryOptions } from '../app/core-types.ts'

export type RetryDeps = {
  attempt(context: RetryContext | undefined): Promise<void>
  /** Waits; resolves to false when the host stops meanwhile. */
  pause(ms: number): Promise<boolean>
  random(): number
}

const FOREVER = -1
const JITTER = 0.2

/**
 * Runs an attempt and, when it fails, repeats it as the function's retry options say; rejects with the last error. Every
 * attempt of a retrying function, the first too, has a retry context.
 */
export async function runWithRetry(options: RetryOptions | undefined, deps: RetryDeps): Promise<void> {
  const maxRetryCount = options?.maxRetryCount ?? 0
  let context: RetryContext | undefined = options && { retryCount: 0, maxRetryCount }
  for (let retryCount = 0; ; retryCount++) {
    try {
      return await deps.attempt(context)
    } catch (error) {
      if (!options || (maxRetryCount !== FOREVER && retryCount >= maxRetryCount)) throw error
      if (!(await deps.pause(retryDelay(options, retryCount, deps.random())))) throw error
      context = { retryCount: retryCount + 1, maxRetryCount, exception: toException(error) }
    }
  }
}

/** Milliseconds before the retry after `failures` + 1 failures; `random` is in [0, 1). */
export function retryDelay(options: RetryOptions, failures: number, random: number): number {
  if (options.retryStrategy !== 'exponentialBackoff') return toMs(options.delayInterval)
  const least = toMs(options.minimumInterval)
  const jittered = least * 2 ** failures * (1 - JITTER + 2 * JITTER * random)
  return Math.round(Math.min(Math.max(jittered, least), toMs(options.maximumInterval) || Number.MAX_SAFE_INTEGER))
}

function toMs(duration: { seconds?: number; nanos?: number } | undefined): number {
  return Number(duration?.seconds ?? 0) * 1000 + Number(duration?.nanos ?? 0) / 1e6
}

function toException(error: unknown): { source: string; stackTrace: string; message: string } {
  if (!(error instanceof Error)) return { source: '', stackTrace: '', message: String(error) }
  return { source: '', stackTrace: error.stack ?? '', message: error.message }
}
