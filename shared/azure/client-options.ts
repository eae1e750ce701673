import type { Agent } from 'node:https'
import { DEFAULT_DEADLINE_MS } from './deadline.ts'
import { RefusedAnswer, statusFailure } from './failure.ts'

export type ClientDeps = {
  /** Only in a local run: where the sockets of production hosts go. */
  agent?: Agent
  now(): number
  /** Sees the `Date` of every answer. */
  serverTime?: (date: string, sentAt: number, receivedAt: number) => void
}

/**
 * Options of every SDK client: no retries and no redirects of its own. An SDK would sleep through a `Retry-After` of any
 * length and carry a body to wherever a redirect points (T40); deadline.ts bounds and retries instead.
 */
export function clientOptions(endpoint: string, { agent, now, serverTime }: ClientDeps) {
  const policy = guardPolicy(new URL(endpoint).origin, { now, ...(serverTime && { serverTime }) })
  return {
    ...(agent && { agent }),
    retryOptions: { maxRetries: 0 },
    redirectOptions: { maxRetries: 0 },
    additionalPolicies: [
      { policy: deadlinePolicy, position: 'perCall' as const },
      { policy, position: 'perRetry' as const },
    ],
  }
}

/** A request without a signal gets one: the SDK drops the caller's after the first page of a list. */
const deadlinePolicy = {
  name: 'sallyportDeadline',
  async sendRequest<R extends { abortSignal?: unknown }, A>(request: R, next: (request: R) => Promise<A>): Promise<A> {
    request.abortSignal ??= AbortSignal.timeout(DEFAULT_DEADLINE_MS)
    return next(request)
  },
}

type Answer = { status: number; bodyAsText?: string | null; headers: { get(name: string): string | undefined } }

/**
 * Stands nearest to the wire: requests go to one origin only (the SDK follows a `nextLink` verbatim), and a refusal ends
 * here as a RefusedAnswer. Left to the SDK it would become an error that holds the request with its body, or, for a 429
 * without a body, a TypeError that has lost the status. A 401 passes: it is the challenge the SDK answers.
 */
function guardPolicy(origin: string, { now, serverTime }: Pick<ClientDeps, 'now' | 'serverTime'>) {
  return {
    name: 'sallyportGuard',
    async sendRequest<R extends { url: string }, A extends Answer>(request: R, next: (request: R) => Promise<A>) {
      if (new URL(request.url).origin !== origin) throw new Error('request to a host that is not configured')
      const sentAt = now()
      const answer = await next(request)
      const date = answer.headers.get('date')
      if (date) serverTime?.(date, sentAt, now())
      if (answer.status >= 300 && answer.status !== 401) throw new RefusedAnswer(statusFailure(answer))
      return answer
    },
  }
}
