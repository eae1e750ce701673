import { GatewayError } from '../errors.ts'
import type { Ask, Grant } from '../gate.ts'
import { parseJwt } from '../identity/jwt.ts'
import { isRefused } from '../identity/refusal.ts'
import { recorded } from '../recorded.ts'
import type { TokenQuestion } from './introspection.ts'
import { resourceOf } from './own-resource.ts'
import type { OwnToken, OwnTokens } from './own-token.ts'
import { NO_TARGET } from './target-name.ts'

export type RevocationDeps = { issuer: string; tokens: OwnTokens }

/**
 * The question for the door; sealed: the token to revoke, or undefined when there is none. What is none of ours is asked about
 * as `token/_`: recorded like every other attempt. Throws `unsupported_token_type` for what we hand out and cannot end (RFC 7009 §2.2.1), `keys_unavailable`.
 */
export async function askRevocation(
  { token, ...caller }: TokenQuestion,
  { issuer, tokens }: RevocationDeps,
): Promise<Ask<OwnToken | undefined>> {
  const own = await tokens.read(token, 'at+jwt')
  if (!own && isOfAnotherKind(token, issuer)) throw new GatewayError('unsupported_token_type', 'not_revocable')
  const handout = own ? { jti: own.jti, expiresAt: new Date(own.expiresAt).toISOString() } : {}
  return {
    ...caller,
    action: 'token:revoke',
    ...resourceOf(own, caller.principal),
    prepare: async () => ({ handout, sealed: own }),
  }
}

/** Spends the Grant: from now on the token is inactive on every instance. Throws `storage_unavailable`: then it is still active. */
export async function revokeToken(grant: Grant<OwnToken | undefined>, tokens: OwnTokens): Promise<void> {
  grant.spend('token:revoke', `token/${grant.sealed?.target ?? NO_TARGET}`)
  await recorded(grant, async () => {
    if (grant.sealed) await tokens.revoke(grant.sealed)
  })
}

/**
 * Whether the text has the form of a credential that this gateway hands out but only its own service could end: a SAS, a
 * Google access token, a JWT of another issuer or of another kind of ours. Nobody should believe that it was revoked.
 */
function isOfAnotherKind(token: string, issuer: string): boolean {
  if (token.startsWith('ya29.') || /(?:^|[?&])sig=[^&]+/.test(token)) return true
  const jwt = parseJwt(token)
  if (isRefused(jwt)) return false
  return jwt.payload['iss'] !== issuer || jwt.header['typ'] !== 'at+jwt'
}

/**
 * What a denial means. A good token of ours that is not the caller's to end is refused, as RFC 7009 §2.1 says: nobody may
 * believe that it is over. That it is one tells nothing that our published keys do not tell. Throws `unauthorized_client`; gives the
 * headers of the answer for what is no token.
 */
export function refuseRevocation(resource: string, { extras: { headers = {} } }: GatewayError): Record<string, string> {
  if (resource === `token/${NO_TARGET}`) return headers
  throw new GatewayError('unauthorized_client', 'revocation_denied', { headers })
}
