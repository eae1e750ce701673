import { GatewayError } from '../errors.ts'

export type Credential = { scheme: 'bearer' | 'dpop'; token: string }

/**
 * The token of `Authorization`, the only place it may come from: `Bearer` (RFC 6750 §2.1), or `DPoP` for one that is bound
 * to a key (RFC 9449 §7.1). Throws `missing_token` when there is none, or another scheme (RFC 6750 §3.1: then the
 * challenge carries no error).
 */
export function readAuthorization(authorization: string | undefined): Credential {
  const text = authorization ?? ''
  const space = text.indexOf(' ')
  const name = (space < 0 ? text : text.slice(0, space)).toLowerCase()
  const scheme = SCHEMES.find((each) => each === name)
  if (!scheme) throw new GatewayError('missing_token', 'no_bearer')
  const token = space < 0 ? '' : text.slice(space).trim()
  if (!token) throw new GatewayError('missing_token', 'empty_bearer')
  return { scheme, token }
}

const SCHEMES = ['bearer', 'dpop'] as const
