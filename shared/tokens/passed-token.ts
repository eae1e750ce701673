import { GatewayError } from '../errors.ts'
import { parseJwt } from '../identity/jwt.ts'
import type { Principal } from '../identity/principal.ts'
import { isRefused } from '../identity/refusal.ts'
import { type Exchange, tokenType } from './exchange-request.ts'
import { malformedForm } from './form-parameter.ts'
import { GOOGLE_ISSUER } from './google/passed-id-token.ts'
import type { Parties } from './subject-token.ts'

/**
 * Whether a subject token says that it is Google's ID token for Entra's token exchange: a credential for the target to use,
 * that speaks about nobody who calls. Nothing of it is verified yet. INVARIANT: asked of the token alone, never of the target,
 * so that nobody learns which targets take one; such a token is no authentication anywhere, its audience is not this gateway.
 */
export function isPassedToken(token: string, exchangeAudience: string): boolean {
  const jwt = parseJwt(token)
  return !isRefused(jwt) && jwt.payload['iss'] === GOOGLE_ISSUER && jwt.payload['aud'] === exchangeAudience
}

/** Who takes part then: the caller, who authenticated apart, speaks for itself. Throws `invalid_subject_token` or `invalid_request`. */
export function passingParties({ subjectToken, subjectTokenType, actorToken }: Exchange, caller: Principal): Parties {
  if (subjectTokenType === tokenType('access_token')) {
    throw new GatewayError('invalid_subject_token', 'passed_token_type')
  }
  if (actorToken !== undefined) throw malformedForm('actor', '`actor_token` does not go with a token that is passed on')
  return { subject: caller, caller, passed: subjectToken }
}
