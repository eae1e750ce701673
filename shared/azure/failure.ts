/** What went wrong with a call to Azure, reduced to what may be kept: no body, no header, no message (T19). */
export type Failure =
  | StatusFailure
  | { kind: 'timeout' }
  /** Connection refused, reset, unresolved, TLS. */
  | { kind: 'network' }
  /** The gateway's own identity got no token. */
  | { kind: 'credential' }
  /** An answer that cannot be understood, or none that may be trusted. */
  | { kind: 'garbage' }

export type StatusFailure = {
  kind: 'status'
  status: number
  code?: string
  innerCode?: string
  /** 1 to 3,600. */
  retryAfterSeconds?: number
  /** ARM id of what was refused, where a 403 of Azure RBAC names it. */
  scope?: string
}

/** An answer that is a refusal, made at the wire (client-options.ts) before an SDK builds an error around request and body. */
export class RefusedAnswer extends Error {
  readonly failure: StatusFailure

  constructor(failure: StatusFailure) {
    super(`status ${failure.status}`)
    this.failure = failure
  }
}

/** An answer of a well-formed request that makes no sense; mapped with the SDK's own parse errors. */
export class GarbledAnswer extends Error {}

/** Reduces whatever came out of an SDK call, by shape alone, so that no SDK has to be loaded to ask. */
export function failureOf(error: unknown): Failure {
  if (error instanceof RefusedAnswer) return error.failure
  if (!(error instanceof Error)) return { kind: 'garbage' }
  const { name, code, statusCode } = error as { name: string; code?: unknown; statusCode?: unknown }
  if (name === 'AbortError' || name === 'TimeoutError') return { kind: 'timeout' }
  if (name === 'CredentialFailure') return { kind: 'credential' }
  if (name !== 'RestError' || code === 'PARSE_ERROR') return { kind: 'garbage' }
  if (typeof statusCode !== 'number') return { kind: 'network' }
  return { kind: 'status', status: statusCode, ...(isCode(code) && { code }) }
}

type Answer = { status: number; bodyAsText?: string | null; headers: { get(name: string): string | undefined } }

/** Reads a refusal's codes and waiting time. */
export function statusFailure({ status, bodyAsText, headers }: Answer): StatusFailure {
  const retryAfterSeconds = retryAfter((name) => headers.get(name))
  return { kind: 'status', status, ...errorCodes(bodyAsText ?? ''), ...(retryAfterSeconds && { retryAfterSeconds }) }
}

const isCode = (value: unknown): value is string => typeof value === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(value)
const ARM_SCOPE = /Resource: '(\/subscriptions\/[\w\-./()]{1,400})'/i

type ErrorBody = { code?: unknown; message?: unknown; innererror?: { code?: unknown } }

/** `error.code` of Key Vault (with `innererror`) or `odata.error.code` of Table Storage. */
function errorCodes(body: string): Pick<StatusFailure, 'code' | 'innerCode' | 'scope'> {
  try {
    const parsed = JSON.parse(body) as Record<string, ErrorBody | undefined>
    const error = parsed['odata.error'] ?? parsed['error']
    const code = error?.code
    const innerCode = error?.innererror?.code
    const scope = ARM_SCOPE.exec(String(error?.message))?.[1]
    return { ...(isCode(code) && { code }), ...(isCode(innerCode) && { innerCode }), ...(scope && { scope }) }
  } catch {
    return {}
  }
}

const MAX_RETRY_AFTER_SECONDS = 3_600

/** Whole seconds of `Retry-After` (seconds or HTTP date) or of Azure's millisecond headers. */
function retryAfter(header: (name: string) => string | undefined): number | undefined {
  const milliseconds = Number(header('retry-after-ms') ?? header('x-ms-retry-after-ms') ?? Number.NaN)
  const text = header('retry-after') ?? ''
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1_000
  const wait = Number.isFinite(milliseconds) ? milliseconds / 1_000 : seconds
  if (!Number.isFinite(wait)) return undefined
  return Math.min(Math.max(Math.ceil(wait), 1), MAX_RETRY_AFTER_SECONDS)
}
