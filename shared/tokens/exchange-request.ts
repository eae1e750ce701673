import { GatewayError } from '../errors.ts'
import type { TargetName } from './target-name.ts'

export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'

const tokenType = (name: string) => `urn:ietf:params:oauth:token-type:${name}`

/** RFC 8693 §3. All are JWTs that pass the same strict gate; what they are called makes none of them acceptable. */
const SUBJECT_TOKEN_TYPES = ['access_token', 'id_token', 'jwt'].map(tokenType)
const ISSUED_TOKEN_TYPES = ['access_token', 'jwt'].map(tokenType)

/** More than one of these means more than one target: `invalid_target` instead of a duplicate parameter. */
export const TARGET_PARAMETERS = ['audience', 'resource']

export type ExchangeRequest = {
  subjectToken: string
  target: TargetName
  scope: string | undefined
  issuedTokenType: string
}

/**
 * A token exchange request (RFC 8693 §2.1) out of a form, in the order in which its faults are told. Pure. Throws
 * `invalid_request`, `unsupported_grant_type`, `invalid_client` or `invalid_target`.
 */
export function readExchange(form: URLSearchParams): ExchangeRequest {
  checkGrantType(form.get('grant_type'))
  checkClient(form)
  const subjectToken = required(form, 'subject_token')
  if (!SUBJECT_TOKEN_TYPES.includes(required(form, 'subject_token_type'))) throw unsupported('subject_token_type')
  checkActor(form)
  const issuedTokenType = form.get('requested_token_type') ?? tokenType('access_token')
  if (!ISSUED_TOKEN_TYPES.includes(issuedTokenType)) throw unsupported('requested_token_type')
  return { subjectToken, target: readTarget(form), scope: form.get('scope') ?? undefined, issuedTokenType }
}

function checkGrantType(grantType: string | null): void {
  if (grantType === null) throw malformed('grant_type', '`grant_type` is missing')
  if (grantType !== TOKEN_EXCHANGE) throw new GatewayError('unsupported_grant_type', 'grant_type')
}

/** A client that tries to authenticate in a way we do not know must not pass as one that did not try (RFC 6749 §5.2). */
function checkClient(form: URLSearchParams): void {
  const tried = ['client_secret', 'client_assertion', 'client_assertion_type'].some((name) => form.has(name))
  if (tried) throw new GatewayError('invalid_client', 'client_authentication_unsupported')
}

/** RFC 8693 §2.1: the type comes with the token and never without. The actor here is whoever calls. */
function checkActor(form: URLSearchParams): void {
  const token = form.has('actor_token')
  if (token !== form.has('actor_token_type'))
    throw malformed('actor', '`actor_token` and `actor_token_type` go together')
  if (token) {
    const detail = '`actor_token` is not supported: the actor is the caller that authenticates'
    throw new GatewayError('invalid_subject_token', 'actor_token_unsupported', { detail })
  }
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

function required(form: URLSearchParams, name: string): string {
  const value = form.get(name)
  if (value === null) throw malformed(name, `\`${name}\` is missing`)
  return value
}

const malformed = (reason: string, detail: string) =>
  new GatewayError('invalid_request', `exchange_${reason}`, { detail })

const unsupported = (name: string) => malformed(name, `\`${name}\` is not one that is supported`)
