import { GatewayError } from '../errors.ts'

/**
 * The token of `Authorization: Bearer` (RFC 6750 §2.1; the only place it may come from). Throws `missing_token` when
 * there is none, or another scheme (RFC 6750 §3.1: then the challenge carries no error).
 */
export function bearerToken(authorization: string | undefined): string {
  const [scheme, ...rest] = (authorization ?? '').split(' ')
  if (scheme?.toLowerCase() !== 'bearer') throw new GatewayError('missing_token', 'no_bearer')
  const token = rest.join(' ').trim()
  if (!token) throw new GatewayError('missing_token', 'empty_bearer')
  return token
}
