import { GatewayError } from '../../errors.ts'

/** A credential is a run of visible ASCII; anything else in its place is not handed on (`upstream_unavailable`). */
export function readable(token: unknown): string {
  if (typeof token === 'string' && /^[\x21-\x7e]{1,16384}$/.test(token)) return token
  throw new GatewayError('upstream_unavailable', 'upstream_garbage', { retryAfterSeconds: 1 })
}
