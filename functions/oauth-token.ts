import { receiptHeader } from '../shared/gate.ts'
import type { Gateway } from '../shared/gateway.ts'
import { readForm } from '../shared/http/body.ts'
import { identify, requestContext } from '../shared/http/caller.ts'
import type { Endpoint, GatewayRequest } from '../shared/http/endpoint.ts'
import { type ExchangeRequest, readExchange, TARGET_PARAMETERS } from '../shared/tokens/exchange-request.ts'
import { authenticateSubject } from '../shared/tokens/subject-token.ts'

/** OAuth 2.0 token endpoint: token exchange (RFC 8693). */
export const oauthToken: Endpoint = {
  name: 'oauth-token',
  route: 'oauth2/token',
  dialect: 'oauth',
  methods: {
    POST: async (request, gateway) => {
      const exchange = readExchange(await readForm(request, { repeatable: TARGET_PARAMETERS }))
      const who = await whoTakesPart(request, gateway, exchange)
      const { target, scope, issuedTokenType } = exchange
      const grant = await gateway.admit(await gateway.tokens.ask({ txn: request.txn, ...who, target, scope }))
      const issued = await gateway.tokens.issue(grant)
      return {
        status: 200,
        // RFC 6749 §5.1 asks for Pragma beside the no-store that every answer has.
        headers: { Pragma: 'no-cache', ...receiptHeader(grant.receipt) },
        json: {
          access_token: issued.token,
          issued_token_type: issued.issuedTokenType ?? issuedTokenType,
          token_type: issued.tokenType,
          ...issued.parts,
          expires_in: issued.expiresInSeconds,
          ...(issued.blastRadius.scope && { scope: issued.blastRadius.scope }),
          blast_radius: issued.blastRadius,
        },
      }
    },
  },
}

/** The caller is who authenticates with `Authorization`; without that, the subject token speaks for the caller too. */
async function whoTakesPart(request: GatewayRequest, gateway: Gateway, { subjectToken }: ExchangeRequest) {
  const isApart = request.header('authorization') !== undefined
  const apart = isApart ? await identify(request, gateway) : undefined
  const context = apart?.context ?? requestContext(request, gateway.config.trustedHops)
  const subject = await authenticateSubject(subjectToken, gateway.authenticate)
  return { subject, caller: apart?.principal ?? subject, context }
}
