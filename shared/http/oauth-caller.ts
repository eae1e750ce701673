import { GatewayError } from '../errors.ts'
import type { Gateway } from '../gateway.ts'
import { LIMITS } from '../identity/limits.ts'
import type { Principal } from '../identity/principal.ts'
import { type Caller, identify, identifyBy } from './caller.ts'
import type { GatewayRequest } from './endpoint.ts'

/** RFC 7523 §2.2. */
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/**
 * Who calls an OAuth route: `Authorization`, or `client_assertion` (RFC 7523). Undefined when neither came. Throws
 * `invalid_client`, `missing_token`, `invalid_token`; `invalid_request` for both at once (RFC 6749 §2.3); and what says that
 * nobody can tell now.
 */
export async function oauthCaller(
  request: GatewayRequest,
  form: URLSearchParams,
  gateway: Gateway,
): Promise<Caller | undefined> {
  // A client that tries to authenticate in a way we do not know must not pass as one that did not try (RFC 6749 §5.2).
  if (form.has('client_secret')) throw invalidClient('client_secret_unsupported')
  const assertion = readAssertion(form)
  const hasToken = request.header('authorization') !== undefined
  if (assertion === undefined) return hasToken ? identify(request, gateway) : undefined
  if (hasToken) throw malformed('two_authentications', 'authenticate once: by `Authorization` or by `client_assertion`')
  return identifyBy(request, gateway, {}, () => authenticate(assertion, form.get('client_id'), gateway))
}

/** The same where somebody must call: throws `missing_token`. */
export async function requireOauthCaller(
  request: GatewayRequest,
  form: URLSearchParams,
  gateway: Gateway,
): Promise<Caller> {
  const caller = await oauthCaller(request, form, gateway)
  if (!caller) throw new GatewayError('missing_token', 'no_client_authentication')
  return caller
}

function readAssertion(form: URLSearchParams): string | undefined {
  const assertion = form.get('client_assertion')
  const type = form.get('client_assertion_type')
  if ((assertion === null) !== (type === null)) {
    throw malformed('assertion_incomplete', '`client_assertion` and `client_assertion_type` go together')
  }
  if (type !== null && type !== JWT_BEARER) throw invalidClient('client_assertion_type_unsupported')
  return assertion ?? undefined
}

/** INVARIANT: the `jti` is claimed after the signature was verified, or anybody could use up another's; and before anything is done. */
async function authenticate(assertion: string, clientId: string | null, gateway: Gateway): Promise<Principal> {
  const principal = await verify(assertion, gateway)
  const { claims, tokenId, expiresAt, validatedAt } = principal
  // RFC 7521 §4.2: unnecessary, but when sent it must name the client that the assertion speaks for.
  if (clientId !== null && clientId !== principal.subject && clientId !== principal.id) {
    throw invalidClient('client_id_differs')
  }
  const names = [String(claims['iss']), tokenId]
  const acceptableUntil = expiresAt + LIMITS.leewaySeconds * 1_000
  const claimed = await gateway.once.claim({ kind: 'jti', names, filedUnder: expiresAt, expiresAt: acceptableUntil })
  if (claimed === 'again') throw invalidClient('client_assertion_replayed')
  // It proves who calls at this moment and ends in a minute; how long a token lives that rests on it is policy's to say.
  return { ...principal, expiresAt: validatedAt + LIMITS.maxLifetimeSeconds * 1_000 }
}

async function verify(assertion: string, gateway: Gateway) {
  try {
    return await gateway.authenticateAssertion(assertion)
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'invalid_token') throw error
    throw invalidClient(error.reason)
  }
}

const invalidClient = (reason: string) => new GatewayError('invalid_client', reason)

const malformed = (reason: string, detail: string) => new GatewayError('invalid_request', reason, { detail })
