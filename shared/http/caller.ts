import { GatewayError } from '../errors.ts'
import type { Gateway } from '../gateway.ts'
import { invalidProof, type Proof } from '../identity/possession/proofs.ts'
import type { Principal } from '../identity/principal.ts'
import type { RequestContext } from '../policy/decision.ts'
import { readAuthorization } from './authorization.ts'
import { clientAddress } from './client-address.ts'
import type { GatewayRequest } from './endpoint.ts'

export type Caller = { txn: string; principal: Principal; context: RequestContext }

/**
 * Authenticates the token of `Authorization` and gathers what a decision may know about the request. Nothing but the token
 * says who calls: `X-MS-CLIENT-PRINCIPAL*` is never read (T9). `reason` of a body counts like the header.
 */
export async function identify(
  request: GatewayRequest,
  gateway: Gateway,
  body?: { reason?: string | undefined },
): Promise<Caller> {
  const { scheme, token } = readAuthorization(request.header('authorization'))
  return identifyBy(request, gateway, { token, reason: body?.reason }, async (provenKey) => {
    // RFC 9449 §7.1: a bound token counts under the scheme DPoP alone, and nothing but a bound one does.
    if (scheme === 'bearer') return gateway.authenticate(token)
    if (provenKey === undefined) throw invalidProof('proof_missing')
    const principal = await gateway.authenticate(token, provenKey)
    if (principal.boundTo === undefined) throw new GatewayError('invalid_token', 'token_not_bound')
    return principal
  })
}

/**
 * A caller whom `authenticate` makes known; it is told the key that the request's DPoP proof proves, if one came.
 * INVARIANT: the only place that sets `dpopThumbprint`: after the proof was verified and, with the caller authenticated,
 * taken as used. Throws `invalid_dpop_proof`, `storage_unavailable`, and what `authenticate` throws.
 */
export async function identifyBy(
  request: GatewayRequest,
  gateway: Gateway,
  { token, reason }: { token?: string; reason?: string | undefined },
  authenticate: (provenKey: string | undefined) => Promise<Principal>,
): Promise<Caller> {
  const context = requestContext(request, gateway.config.trustedHops, reason)
  const proof = await readProof(request, gateway, token)
  const principal = await authenticate(proof?.thumbprint)
  await proof?.use()
  const proved = proof && { dpopThumbprint: proof.thumbprint }
  return { txn: request.txn, principal, context: { ...context, ...proved } }
}

/** Where a proof is about the token to come, not about one that came (RFC 9449 §5). */
const TOKEN_ENDPOINT = '/oauth2/token'

async function readProof(request: GatewayRequest, gateway: Gateway, token?: string): Promise<Proof | undefined> {
  const header = request.header('dpop')
  if (header === undefined) return undefined
  const { method, path } = request
  return gateway.proofs.verify(header, {
    ...{ method, path, token },
    tokenHash: path === TOKEN_ENDPOINT ? 'optional' : 'required',
  })
}

const PURPOSE = /^[a-z0-9-]{1,64}$/
const TICKET = /^[A-Za-z0-9._#/-]{1,128}$/
const MAX_REASON = 256

/** What is known of a request beside who asks; throws `invalid_request` when a header of ours is malformed. */
export function requestContext(request: GatewayRequest, trustedHops: number, bodyReason?: string): RequestContext {
  const address = clientAddress(request.header('x-forwarded-for'), trustedHops)
  const purpose = request.header('x-sallyport-purpose')
  if (purpose !== undefined && !PURPOSE.test(purpose)) throw malformed('X-Sallyport-Purpose')
  const ticket = request.header('x-sallyport-ticket')
  if (ticket !== undefined && !TICKET.test(ticket)) throw malformed('X-Sallyport-Ticket')
  const reason = oneReason(request.header('x-sallyport-reason'), bodyReason)
  return {
    ...(address && { clientAddress: address }),
    ...(purpose && { purpose }),
    ...(reason && { reason }),
    ...(ticket && { ticket }),
  }
}

function oneReason(header: string | undefined, body: string | undefined): string | undefined {
  if (header !== undefined && (header.length > MAX_REASON || !isPrintable(header)))
    throw malformed('X-Sallyport-Reason')
  if (body !== undefined && (body.length > MAX_REASON || !isPrintable(body))) throw malformed('reason')
  if (header && body && header !== body) throw malformed('reason')
  return [body, header].find((text) => text !== undefined && SAYS_SOMETHING.test(text))
}

/** A blank, or marks that nobody sees, would satisfy an obligation to give a reason. */
const SAYS_SOMETHING = /[\p{L}\p{N}]/u

/** No controls: C0, DEL and C1. */
const isPrintable = (text: string) => ![...text].some((char) => char < ' ' || (char >= '\x7f' && char < '\xa0'))

const malformed = (name: string) =>
  new GatewayError('invalid_request', 'context_header', { detail: `\`${name}\` does not have the documented form` })
