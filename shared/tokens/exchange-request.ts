import { GatewayError } from '../errors.ts'
import { malformedForm, requiredParameter } from './form-parameter.ts'
import type { TargetName } from './target-name.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const CLIENT_CREDENTIALS = 'client_credentials'

export const tokenType = (name: string) => `urn:ietf:params:oauth:token-type:${name}`

/** RFC 8693 §3. All are JWTs that pass the same strict gate; what they are called makes none of them acceptable. */
export const SENT_TOKEN_TYPES = ['access_token', 'id_token', 'jwt'].map(tokenType)
export const ISSUED_TOKEN_TYPES = ['access_token', 'jwt'].map(tokenType)

/** More than one of these means more than one target: `invalid_target` instead of a duplicate parameter. */
export const TARGET_PARAMETERS = ['audience', 'resource']

/** What only a token exchange says. */
export type Exchange = {
  subjectToken: string
  subjectTokenType: string
  /** Proves the caller once more, as who acts. */
  actorToken: string | undefined
  issuedTokenType: string
}

export type GrantRequest = {
  target: TargetName
  scope: string | undefined
  /** Undefined for `client_credentials`: the token is about the caller itself. */
  exchange: Exchange | undefined
}

/**
 * A request to the token endpoint (RFC 8693 §2.1, RFC 6749 §4.4.2) out of a form, in the order in which its faults are told.
 * Pure. Throws `invalid_request`, `unsupported_grant_type` or `invalid_target`.
 */
export function readGrantRequest(form: URLSearchParams): GrantRequest {
  const grantType = requiredParameter(form, 'grant_type')
  if (grantType !== TOKEN_EXCHANGE && grantType !== CLIENT_CREDENTIALS) {
    throw new GatewayError('unsupported_grant_type', 'grant_type')
  }
  const exchange = grantType === TOKEN_EXCHANGE ? readExchange(form) : undefined
  return { target: readTarget(form), scope: form.get('scope') ?? undefined, exchange }
}

function readExchange(form: URLSearchParams): Exchange {
  const subjectToken = requiredParameter(form, 'subject_token')
  const subjectTokenType = requiredParameter(form, 'subject_token_type')
  if (!SENT_TOKEN_TYPES.includes(subjectTokenType)) throw unsupported('subject_token_type')
  const actorToken = readActor(form)
  const issuedTokenType = form.get('requested_token_type') ?? tokenType('access_token')
  if (!ISSUED_TOKEN_TYPES.includes(issuedTokenType)) throw unsupported('requested_token_type')
  return { subjectToken, subjectTokenType, actorToken, issuedTokenType }
}

/** RFC 8693 §2.1: the type comes with the token and never without. */
function readActor(form: URLSearchParams): string | undefined {
  const [token, type] = [form.get('actor_token'), form.get('actor_token_type')]
  if ((token === null) !== (type === null)) {
    throw malformedForm('actor', '`actor_token` and `actor_token_type` go together')
  }
  if (type !== null && !SENT_TOKEN_TYPES.includes(type)) throw unsupported('actor_token_type')
  return token ?? undefined
}

/** RFC 8693 §2.2.2: none, several, and what nobody registered are all `invalid_target`. */
function readTarget(form: URLSearchParams): TargetName {
  const audiences = form.getAll('audience')
  const resources = form.getAll('resource')
  const [audience, resource] = [audiences[0], resources[0]]
  if (audiences.length + resources.length === 1 && audience !== undefined) return { name: audience }
  if (audiences.length + resources.length === 1 && resource !== undefined) return { resource }
  throw new GatewayError('invalid_target', 'not_one_target', {
    detail: 'name exactly one target, by audience or resource',
  })
}

const unsupported = (name: string) => malformedForm(name, `\`${name}\` is not one that is supported`)
