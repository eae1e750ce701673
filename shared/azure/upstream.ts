import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'
import { failureOf } from './failure.ts'

/** What an Azure SDK's call came to, as the broker takes it: status and waiting time, nothing of the error. */
export function upstreamFailure(error: unknown): UpstreamFailure {
  const failure = failureOf(error)
  if (failure.kind !== 'status') return new UpstreamFailure({})
  return new UpstreamFailure({ status: failure.status, retryAfterSeconds: failure.retryAfterSeconds })
}
