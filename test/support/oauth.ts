import type { Endpoint } from '../../shared/http/endpoint.ts'
import { exchange } from './exchange.ts'
import { bodyOf, GATEWAY, type TokenGateway } from './token-gateway.ts'

type Form = Record<string, string | undefined>

/** A form posted to an OAuth route by a caller with a bearer, or by nobody. */
export async function postForm(gateway: TokenGateway, endpoint: Endpoint, form: Form, who?: string) {
  const sent = Object.entries(form).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return gateway.call(endpoint, {
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(who !== undefined && { authorization: `Bearer ${await gateway.tokenOf(who)}` }),
    },
    body: new URLSearchParams(sent).toString(),
  })
}

/** An access token of the gateway about `subject`; `actor` calls for it, if there is one. */
export async function issued(
  gateway: TokenGateway,
  { subject = 'alice', actor, target = 'ledger-api' }: { subject?: string; actor?: string; target?: string } = {},
): Promise<string> {
  const headers: Record<string, string> = actor ? { authorization: `Bearer ${await gateway.tokenOf(actor)}` } : {}
  const answer = await exchange(gateway, { subject_token: await gateway.tokenOf(subject), audience: target }, headers)
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.json))
  return String(bodyOf(answer)['access_token'])
}

export const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let count = 0

/** Parameters of a good client assertion, each with a `jti` of its own; `claims` change it. */
export async function assertion(gateway: TokenGateway, sub: string, claims: Record<string, unknown> = {}) {
  const exp = gateway.clock.now / 1_000 + 60
  const token = await gateway.tokenOf(sub, { aud: GATEWAY, exp, jti: `assertion-${++count}`, ...claims })
  return { client_assertion_type: JWT_BEARER, client_assertion: token }
}
