import { UpstreamFailure } from '../tokens/broker/upstream-failure.ts'

const OAUTH_ERROR = /^[a-z_]{1,40}$/

/**
 * Reduces an error of @azure/identity or msal to what may be kept: the OAuth code, and that there was an answer at all.
 * Their messages quote assertions, user names and answers (T19).
 */
export function sdkFailure(thrown: unknown): unknown {
  if (thrown instanceof UpstreamFailure) return thrown
  for (let error = thrown, depth = 0; error instanceof Error && depth < 4; error = error.cause, depth += 1) {
    if (error.name === 'AbortError') return error
    const { errorCode, errorResponse, statusCode } = error as {
      errorCode?: unknown
      errorResponse?: unknown
      statusCode?: unknown
    }
    const code = errorCode ?? (errorResponse as { error?: unknown } | undefined)?.error
    const status = typeof statusCode === 'number' ? statusCode : undefined
    if (typeof code === 'string' && OAUTH_ERROR.test(code) && !code.endsWith('network_error')) {
      return new UpstreamFailure({ status: status ?? 400, error: code })
    }
    if (status !== undefined) return new UpstreamFailure({ status })
  }
  return new UpstreamFailure({})
}
