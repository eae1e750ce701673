import { GatewayError } from '../errors.ts'
import type { Gateway } from '../gateway.ts'
import type { Principal } from '../identity/principal.ts'
import type { RequestContext } from '../policy/decision.ts'
import { bearerToken } from './bearer.ts'
import { clientAddress } from './client-address.ts'
import type { GatewayRequest } from './endpoint.ts'

export type Caller = { txn: string; principal: Principal; context: RequestContext }

/**
 * Authenticates the request's bearer and gathers what a decision may know about the request. Nothing but the token says
 * who calls: `X-MS-CLIENT-PRINCIPAL*` is never read (T9). `reason` of a body counts like the header.
 */
export async function identify(request: GatewayRequest, gateway: Gateway, body?: { reason?: string | undefined }) {
  const token = bearerToken(request.header('authorization'))
  const context = requestContext(request, gateway.config.trustedHops, body?.reason)
  const principal = await gateway.authenticate(token)
  return { txn: request.txn, principal, context } satisfies Caller
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
