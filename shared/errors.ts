import { FAILURES } from './errors/failures.ts'
import { REFUSALS } from './errors/refusals.ts'

/** The one table of errors: every refusal of the gateway, in both dialects. docs/errors.md is generated from it. */
export const ERRORS = { ...REFUSALS, ...FAILURES }

export type ErrorCode = keyof typeof ERRORS

export type ErrorExtras = {
  /** Safe sentence for the caller: lower-case, no full stop, never echoes a value. */
  detail?: string
  /** Whole seconds for `Retry-After`. */
  retryAfterSeconds?: number
  /** Extra response headers, such as `Allow`. */
  headers?: Record<string, string>
  /** One entry per fault of a document (422). */
  errors?: { pointer: string; detail: string }[]
  /** Further members of the problem (RFC 9457 §3.2). */
  members?: Readonly<Record<string, string>>
}

/**
 * The only failure that crosses a boundary. `reason` is an internal tag for log and journal and never reaches the wire.
 * It takes no `cause`: SDK and JWT errors carry values and claims.
 */
export class GatewayError extends Error {
  readonly code: ErrorCode
  readonly reason: string
  readonly extras: ErrorExtras

  constructor(code: ErrorCode, reason: string, extras: ErrorExtras = {}) {
    super(`${code}: ${reason}`)
    this.name = 'GatewayError'
    this.code = code
    this.reason = reason
    this.extras = extras
  }
}
