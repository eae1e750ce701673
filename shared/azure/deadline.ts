import { failureOf } from './failure.ts'

/** A call without a deadline of its own ends after this. */
export const DEFAULT_DEADLINE_MS = 5_000

const RETRY_DELAY_MS = 25

const TIMEOUT = new DOMException('the deadline has passed', 'TimeoutError')

/**
 * Runs a call under a deadline over everything it does, token included, and repeats it once where the connection failed:
 * a kept-alive socket that the server closes at that moment is an everyday event. An answer is never retried here. `repeat:
 * false` is for what would happen twice.
 */
export async function withDeadline<T>(
  deadlineMs: number | undefined,
  act: (signal: AbortSignal) => Promise<T>,
  { repeat = true }: { repeat?: boolean } = {},
): Promise<T> {
  // Not AbortSignal.timeout: that one cannot be called off, and each would make an error with a stack when the call is long over.
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(TIMEOUT), Math.max(1, Math.floor(deadlineMs ?? DEFAULT_DEADLINE_MS)))
  timer.unref()
  const { signal } = deadline
  try {
    return await act(signal)
  } catch (error) {
    if (!repeat || failureOf(error).kind !== 'network' || signal.aborted) throw error
    await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY_MS))
    return await act(signal)
  } finally {
    clearTimeout(timer)
  }
}
