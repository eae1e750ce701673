import type { AccessToken, GetTokenOptions, TokenCredential } from '@azure/identity'

/** The gateway's own identity could give no token; carries nothing of the SDK's error. */
export class CredentialFailure extends Error {
  override readonly name = 'CredentialFailure'
}

type Cached = { token: AccessToken; refreshAt: number }

/** A token is not handed to an SDK client in its last seconds: it would expire on the way. */
const SPARE_MS = 10_000
/** Before its end a token is renewed while the old one still serves. */
const REFRESH_BEFORE_MS = 5 * 60_000
/** Scopes times claims; the gateway itself uses two. */
const MAX_KEYS = 32
/** After a failed renewal the identity endpoint is left alone for so long; it is throttled at a few requests a second. */
const RETRY_AFTER_FAILURE_MS = 5_000
/** TRAP: the SDK's request has no time limit. One whose answer was lost would otherwise be joined by everybody for good. */
const REQUEST_LIMIT_MS = 15_000

export type CredentialDeps = {
  open(): Promise<TokenCredential>
  now(): number
  seen?(token: string): void
  requestLimitMs?: number
}

/**
 * Wraps the managed identity's credential with what it lacks: one request for any number of waiters, the old token for as
 * long as it is valid when a renewal fails, an end by the caller's signal (the SDK's client ignores it and may sleep 90 s),
 * and a limit of time for the request itself.
 */
export function createCredential({
  open,
  now,
  seen = () => {},
  requestLimitMs = REQUEST_LIMIT_MS,
}: CredentialDeps): TokenCredential {
  const cache = new Map<string, Cached>()
  const running = new Map<string, Promise<AccessToken>>()
  const restUntil = new Map<string, number>()

  const request = async (key: string, scopes: string | string[], options: GetTokenOptions): Promise<AccessToken> => {
    try {
      const { abortSignal: _, ...rest } = options
      const asked = open().then((source) => source.getToken(scopes, rest))
      const token = await until(AbortSignal.timeout(requestLimitMs), asked)
      if (!token) throw new CredentialFailure('no token')
      const refreshAt = token.refreshAfterTimestamp ?? token.expiresOnTimestamp - REFRESH_BEFORE_MS
      if (cache.size >= MAX_KEYS) cache.clear()
      cache.set(key, { token, refreshAt })
      seen(token.token)
      return token
    } catch {
      if (restUntil.size >= MAX_KEYS) restUntil.clear()
      restUntil.set(key, now() + RETRY_AFTER_FAILURE_MS)
      throw new CredentialFailure('the managed identity gives no token')
    } finally {
      running.delete(key)
    }
  }

  const shared = (key: string, scopes: string | string[], options: GetTokenOptions): Promise<AccessToken> => {
    const started = running.get(key)
    if (started) return started
    if (now() < (restUntil.get(key) ?? 0)) return Promise.reject(new CredentialFailure('asked again too soon'))
    const promise = request(key, scopes, options)
    running.set(key, promise)
    return promise
  }

  return {
    async getToken(scopes, options = {}) {
      const key = JSON.stringify([scopes, options.tenantId ?? '', options.claims ?? ''])
      const cached = cache.get(key)
      const usable = cached && cached.token.expiresOnTimestamp - SPARE_MS > now()
      if (!usable) return until(options.abortSignal, shared(key, scopes, options))
      if (now() >= cached.refreshAt) shared(key, scopes, options).catch(() => undefined)
      return cached.token
    },
  }
}

type Signal = NonNullable<GetTokenOptions['abortSignal']>

function until<T>(signal: Signal | undefined, promise: Promise<T>): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const stop = () => reject(new DOMException('the wait for a token ended', 'AbortError'))
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
