import { GatewayError } from '../../errors.ts'

export type UpstreamAnswer = {
  /** HTTP status; absent when there was no answer. */
  status?: number | undefined
  /** `error` of RFC 6749 §5.2, where the answer had one. */
  error?: string | undefined
  /** Number of Entra's error, for operators. */
  aadsts?: number | undefined
  retryAfterSeconds?: number | undefined
}

/** How an upstream said no, reduced to what may be kept: nothing of its text, which may quote assertions and passwords. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure'
  readonly answer: UpstreamAnswer

  constructor(answer: UpstreamAnswer) {
    super(`upstream status ${answer.status ?? 'none'}`)
    this.answer = answer
  }
}

/** A failure as callers get it, and what it means for the next request under the same key. */
export type Verdict = {
  error: GatewayError
  /** The key rests so long: nobody asks upstream. 0 = the next caller may try at once. */
  restMs: number
  /** Upstream refuses the credential itself: trying it again can only harm (a locked account). */
  credentialRefused: boolean
}

/** Where a throttled or failing upstream names no time itself. */
export const DEFAULT_REST_MS = 5_000
/** MSAL bounds `Retry-After` alike: one odd header must not stop a target for a day. */
const MAX_REST_MS = 3_600_000
const CREDENTIAL_REFUSED = ['invalid_grant', 'invalid_client']

/** Judges whatever a fetch threw. */
export function judge(thrown: unknown): Verdict {
  if (thrown instanceof UpstreamFailure) return judgeAnswer(thrown.answer)
  if (thrown instanceof GatewayError) {
    return { error: thrown, restMs: bounded(thrown.extras.retryAfterSeconds), credentialRefused: false }
  }
  const timedOut = thrown instanceof Error && (thrown.name === 'TimeoutError' || thrown.name === 'AbortError')
  return {
    error: unavailable(timedOut ? 'upstream_timeout' : 'upstream_unreachable', 0),
    restMs: 0,
    credentialRefused: false,
  }
}

function judgeAnswer({ status = 0, error = '', retryAfterSeconds }: UpstreamAnswer): Verdict {
  if (status === 0 && retryAfterSeconds === undefined && error === '') {
    return { error: unavailable('upstream_unreachable', 0), restMs: 0, credentialRefused: false }
  }
  if (status === 429 || status >= 500 || retryAfterSeconds !== undefined) {
    const restMs = bounded(retryAfterSeconds) || DEFAULT_REST_MS
    return { error: unavailable(`upstream_status_${status}`, restMs), restMs, credentialRefused: false }
  }
  const credentialRefused = CREDENTIAL_REFUSED.includes(error)
  const reason = credentialRefused ? `upstream_${error}` : `upstream_status_${status}`
  return { error: new GatewayError('upstream_refused', reason), restMs: 0, credentialRefused }
}

const bounded = (seconds = 0) => Math.min(Math.max(0, seconds * 1_000), MAX_REST_MS)

/** The same failure for a caller who comes later, while the key rests. */
export function stillResting(error: GatewayError, leftMs: number): GatewayError {
  const retryAfterSeconds = Math.max(1, Math.ceil(leftMs / 1_000))
  return new GatewayError(error.code, error.reason, { ...error.extras, retryAfterSeconds })
}

const unavailable = (reason: string, restMs: number) =>
  new GatewayError('upstream_unavailable', reason, { retryAfterSeconds: Math.max(1, Math.ceil(restMs / 1_000)) })
