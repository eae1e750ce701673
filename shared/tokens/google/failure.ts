import { GatewayError } from '../../errors.ts'
import { UpstreamFailure } from '../broker/upstream-failure.ts'

type Thrown = {
  response?: { status?: unknown; headers?: { get?(name: string): string | null }; data?: { error?: unknown } }
}

/**
 * A Google client's error reduced to status, OAuth code and waiting time. Nothing else is kept: its config holds the subject
 * token, its text what Google says of it.
 */
export function googleFailure(thrown: unknown): UpstreamFailure | GatewayError {
  if (thrown instanceof GatewayError || thrown instanceof UpstreamFailure) return thrown
  const { response } = (thrown ?? {}) as Thrown
  const status = response?.status
  if (typeof status !== 'number') return new UpstreamFailure({})
  // A 2xx that was thrown nevertheless, or a redirect: nothing that can be understood.
  if (status < 400) return new GatewayError('upstream_unavailable', 'upstream_garbage', { retryAfterSeconds: 1 })
  const error = response?.data?.error
  const retryAfter = Number(response?.headers?.get?.('retry-after') ?? Number.NaN)
  return new UpstreamFailure({
    status,
    ...(typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) && { error }),
    ...(retryAfter > 0 && { retryAfterSeconds: retryAfter }),
  })
}
